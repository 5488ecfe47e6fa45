"""What not everybody may see or do, they neither see nor do by a change."""

from __future__ import annotations

import json

from accounts.audit.models import AuditEntry
from accounts.permissions import Role
from accounts.services import create_token
from healthchecks.alerts.models import Channel
from tests.api.conftest import client_with, member_of

HOOK = "https://hooks.example.com/T0/known-to-us"
CHAT = {"kind": "channels", "key": "chat", "action": "put", "document": {"name": "chat", "kind": "slack", "url": HOOK}}
CHANGES = "/api/v1/changes"


def test_it_is_told_to_nobody_who_reads_a_change_and_kept_when_that_is_published(api):
    opened = api.post(CHANGES, {"title": "Tell the chat", "edits": [CHAT]})
    url = f"{CHANGES}/{opened.json()['number']}"
    read = [opened, api.get(url), api.get(f"{url}/edits"), api.get(f"{url}/plan"), api.post(f"{url}/publish")]

    assert [answer.status_code for answer in read] == [201, 200, 200, 200, 200]
    assert not any(HOOK in answer.content.decode() for answer in read)
    assert read[1].json()["edits"][0]["document"]["url"] == "(not shown)"
    assert Channel.objects.get(name="chat").url == HOOK
    assert HOOK not in json.dumps(list(AuditEntry.objects.values_list("before", "after")))


def test_nor_to_who_reads_of_a_conflict(api):
    number = api.post(CHANGES, {"title": "Tell the chat", "edits": [CHAT]}).json()["number"]
    api.post("/api/v1/channels", {"name": "chat", "kind": "email", "recipients": ["a@example.com"]})

    clash = api.post(f"{CHANGES}/{number}/publish")

    assert clash.status_code == 409
    assert clash.json()["conflicts"][0]["ours"]["url"] == "(not shown)"
    assert HOOK not in clash.content.decode()


def test_a_node_is_published_by_an_admin_alone(ops, refused):
    pat = client_with(create_token(member_of(ops, "pat", Role.PUBLISHER), ops, "pat")[1])
    edit = {"kind": "nodes", "key": "spy", "action": "put", "document": {"name": "spy", "site": "fra"}}
    number = pat.post(CHANGES, {"title": "A node", "edits": [edit]}).json()["number"]

    refused(pat.post(f"{CHANGES}/{number}/publish"), 403)
    refused(pat.post(f"{CHANGES}/{number}/schedule", {"at": "2999-01-01T00:00:00Z"}), 403)
