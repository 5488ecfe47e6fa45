"""Where channels send to is secret, in changes as everywhere else."""

from __future__ import annotations

import json

from accounts.audit.models import AuditEntry
from healthchecks.alerts.models import Channel

HOOK = "https://hooks.example.com/T0/known-to-us"
CHANGES = "/api/v1/changes"


def test_it_is_told_to_nobody_who_reads_a_change_and_kept_when_that_is_published(api):
    edit = {"kind": "channels", "key": "chat", "action": "put", "document": {"name": "chat", "kind": "slack", "url": HOOK}}
    opened = api.post(CHANGES, {"title": "Tell the chat", "edits": [edit]})
    url = f"{CHANGES}/{opened.json()['number']}"
    read = [opened, api.get(url), api.get(f"{url}/edits"), api.get(f"{url}/plan"), api.post(f"{url}/publish")]

    assert [answer.status_code for answer in read] == [201, 200, 200, 200, 200]
    assert not any(HOOK in answer.content.decode() for answer in read)
    assert read[1].json()["edits"][0]["document"]["url"] == "(not shown)"
    assert Channel.objects.get(name="chat").url == HOOK
    assert HOOK not in json.dumps(list(AuditEntry.objects.values_list("before", "after")))


def test_nor_to_who_reads_of_a_conflict(api):
    edit = {"kind": "channels", "key": "chat", "action": "put", "document": {"name": "chat", "kind": "slack", "url": HOOK}}
    number = api.post(CHANGES, {"title": "Tell the chat", "edits": [edit]}).json()["number"]
    api.post("/api/v1/channels", {"name": "chat", "kind": "email", "recipients": ["a@example.com"]})

    clash = api.post(f"{CHANGES}/{number}/publish")

    assert clash.status_code == 409
    assert clash.json()["conflicts"][0]["ours"]["url"] == "(not shown)"
    assert HOOK not in clash.content.decode()
