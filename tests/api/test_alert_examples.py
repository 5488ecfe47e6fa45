"""The examples of docs/alerts.md are taken, and its message has the fields of a real one."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

from healthchecks.alerts.event_models import Notice
from healthchecks.alerts.events import EventKind
from healthchecks.alerts.happenings import entry_of
from healthchecks.alerts.messages import News, alert, happened
from healthchecks.alerts.models import AlertRule, Channel, Incident

PAGE = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text()


def examples(kind):
    return [json.loads(text) for text in re.findall(rf"```json {kind}\n(.*?)```", PAGE, re.DOTALL)]


def test_channels_and_rules_are_taken(api, eu):
    for channel in examples("channel"):
        assert api.post("/api/v1/channels", channel).status_code == 201
    for rule in examples("alert-rule"):
        created = api.post("/api/v1/alert-rules", rule)
        assert created.status_code == 201, created.content

    assert (Channel.objects.count(), AlertRule.objects.count()) == (3, 2)


def test_the_message_has_the_fields_of_a_real_one():
    (documented,) = examples("message")
    now = datetime.now(UTC)
    done = Notice(event="change.publish", key="12", at=now, entry=entry_of("change 12", []))
    told = [happened(done, "https://manager.example.net")]
    real = alert("default", "pager", News([Incident(opened=now)], [], [], told, 1), now)

    assert documented.keys() == {"id", *real}
    assert documented["opened"][0].keys() == real["opened"][0].keys()
    assert documented["happened"][0].keys() == real["happened"][0].keys()
    assert documented["happened"][0]["link"] == real["happened"][0]["link"]
    assert documented["counts"].keys() == real["counts"].keys()


def test_every_event_is_documented():
    assert not [kind for kind in EventKind if f"`{kind.value}`" not in PAGE]
