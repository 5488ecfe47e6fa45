"""Channels, rules and deliveries over REST."""

from __future__ import annotations

import pytest

from healthchecks.alerts.models import AlertRule, Channel, Delivery
from healthchecks.alerts.signing import make_secret

CHANNELS, RULES, DELIVERIES = "/api/v1/channels", "/api/v1/alert-rules", "/api/v1/deliveries"
HOOK = {"name": "hook", "kind": "webhook", "url": "https://hooks.example.com/T1/secret", "secret": make_secret()}
MAIL = {"name": "mail", "kind": "email", "recipients": ["ada@example.com"]}
RULE = {"name": "pager", "subjects": ["endpoint", "alarm"], "channels": ["hook"]}


@pytest.fixture
def hook(api):
    assert api.post(CHANNELS, HOOK).status_code == 201
    return Channel.objects.get(name="hook")


def test_secrets_are_written_and_never_shown(api, hook):
    shown = [api.get(CHANNELS).content, api.get(f"{CHANNELS}/hook").content]
    shown.append(api.patch(f"{CHANNELS}/hook", {"enabled": False}).content)

    assert not [content for content in shown if b"T1/secret" in content or b"whsec" in content]
    assert api.get(f"{CHANNELS}/hook").json()["destination"] == "https://hooks.example.com/…"


def test_what_is_read_can_be_put_back_and_secrets_stay(api, hook):
    writable = ("name", "kind", "recipients", "enabled")
    read = {name: value for name, value in api.get(f"{CHANNELS}/hook").json().items() if name in writable}
    assert api.put(f"{CHANNELS}/hook", read).status_code == 200

    kept = Channel.objects.get(name="hook")
    assert (kept.url, kept.secret) == (HOOK["url"], HOOK["secret"])


def test_a_secret_is_replaced(api, hook):
    other = make_secret()
    api.patch(f"{CHANNELS}/hook", {"secret": other})

    assert Channel.objects.get(name="hook").secret == other


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "kind": "pager"}, "kind"),
        ({"name": "x", "kind": "email"}, "recipients"),
        ({"name": "x", "kind": "slack"}, "url"),
        (HOOK | {"secret": "whsec_short"}, "secret"),
        (HOOK | {"secret": ""}, "secret"),
        (HOOK | {"url": "file:///etc/passwd"}, "url"),
        (HOOK | {"url": "https://user:password@example.com/"}, "url"),
        (HOOK | {"url": "https://[::1"}, "url"),
        (HOOK | {"recipients": ["ada@example.com"]}, "recipients"),
        (MAIL | {"url": "https://example.com/"}, "url"),
        (MAIL | {"recipients": ["nobody"]}, "recipients.0"),
        (MAIL | {"kind": "slack", "recipients": [], "url": "https://a.example/", "secret": "x"}, "secret"),
    ],
)
def test_a_channel_that_cannot_be_used_is_refused_by_field(api, refused, body, field):
    assert [error["field"] for error in refused(api.post(CHANNELS, body), 400)["errors"]] == [field]
    assert not Channel.objects.exists()


def test_a_rule_is_declared_with_its_filters(api, hook, fra_1, eu):
    said = RULE | {
        "endpoints": ["fra-1"], "regions": ["eu"], "labels": {"tier": "gpu"}, "quiet_from": "22:00:00",
        "quiet_until": "07:00:00", "time_zone": "Europe/Berlin", "repeat_s": None, "urgent": True,
    }  # fmt: skip
    created = api.post(RULES, said)

    assert created.status_code == 201, created.content
    assert created.json().items() >= said.items()
    assert api.put(f"{RULES}/pager", RULE).json()["endpoints"] == []
    assert api.delete(f"{RULES}/pager").status_code == 204


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"subjects": []}, "subjects"),
        ({"events": ["change.dance"]}, "events.0"),
        ({"subjects": ["zone"]}, "subjects.0"),
        ({"channels": []}, "channels"),
        ({"channels": ["none"]}, "channels.0"),
        ({"endpoints": ["none"]}, "endpoints.0"),
        ({"wait_s": 3601}, "wait_s"),
        ({"window_s": 86_401}, "window_s"),
        ({"repeat_s": 59}, "repeat_s"),
        ({"quiet_from": "22:00"}, "quiet_from"),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "quiet_from"),
        ({"quiet_from": "late"}, "quiet_from"),
        ({"time_zone": "Mars"}, "time_zone"),
        ({"labels": {"tier": 1}}, "labels.tier"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_field(api, hook, refused, change, field):
    assert [error["field"] for error in refused(api.post(RULES, RULE | change), 400)["errors"]] == [field]
    assert not AlertRule.objects.exists()


def test_a_test_is_in_the_outbox_and_can_be_sent_again(api, hook):
    sent = api.post(f"{CHANNELS}/hook/test")
    assert (sent.status_code, sent.json()["state"], sent.json()["rule"]) == (202, "pending", "")
    first = sent.json()["id"]
    again = api.post(f"{DELIVERIES}/{first}/resend")

    assert (again.status_code, again.json()["message"]) == (202, sent.json()["message"])
    assert [delivery["id"] for delivery in api.get(DELIVERIES).json()["results"]] == [again.json()["id"], first]
    assert api.get(f"{DELIVERIES}/{first}").json()["tries"] == []
    assert api.get(DELIVERIES, {"channel": "other"}).json()["results"] == []


def test_other_teams_see_and_send_nothing(rival_api, api, hook, refused):
    delivery = api.post(f"{CHANNELS}/hook/test").json()["id"]

    assert rival_api.get(DELIVERIES).json()["results"] == []
    refused(rival_api.post(f"{CHANNELS}/hook/test"), 404)
    refused(rival_api.post(f"{DELIVERIES}/{delivery}/resend"), 404)
    refused(rival_api.post(RULES, RULE), 400)
    assert Delivery.objects.count() == 1


def test_a_rule_may_watch_what_is_done_alone(api, hook):
    made = api.post(
        RULES, {"name": "changes", "events": ["change.publish", "generation.publish"], "channels": ["hook"]}
    )

    assert made.status_code == 201, made.data
    assert (made.data["subjects"], made.data["events"]) == ([], ["change.publish", "generation.publish"])
    assert api.patch(f"{RULES}/changes", {"events": []}).status_code == 400
