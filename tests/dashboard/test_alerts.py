"""Pages that say who is told of what, and what became of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from healthchecks.alerts.events import EventKind, page_of
from healthchecks.alerts.models import NOTHING_WATCHED, AlertRule, Channel, Delivery
from healthchecks.alerts.services import send_test
from healthchecks.alerts.signing import make_secret

HOOK = {"name": "hook", "kind": "webhook", "enabled": "on", "url": "https://hooks.example.com/T1/path"}
RULE = {
    "name": "pager",
    "enabled": "on",
    "subjects": ["endpoint"],
    "wait_s": 5,
    "window_s": 60,
    "time_zone": "UTC",
    "repeat_s": "",
}


@pytest.fixture
def hook(ops):
    return Channel.objects.create(team=ops, name="hook", kind="webhook", url=HOOK["url"], secret=make_secret())


def test_a_webhook_is_declared_with_a_secret_that_the_form_suggests(adas_browser):
    suggested = adas_browser.get("/channels/new/").context["form"]["secret"].value()
    response = adas_browser.post("/channels/new/", HOOK | {"secret": suggested}, follow=True)

    channel = Channel.objects.get()
    assert channel.secret == suggested
    assert "Channel hook is created." in response.content.decode()
    assert "published" not in response.content.decode()


def test_secrets_are_shown_on_no_page(adas_browser, hook):
    pages = [adas_browser.get(f"/channels/{page}").content.decode() for page in ("", f"{hook.pk}/", f"{hook.pk}/edit/")]

    assert not [page for page in pages if "T1/path" in page or hook.secret in page]
    assert "https://hooks.example.com/…" in pages[0]


def test_secrets_left_empty_stay_as_they_are(adas_browser, hook):
    adas_browser.post(f"/channels/{hook.pk}/edit/", HOOK | {"name": "renamed", "url": "", "secret": ""})

    after = Channel.objects.get()
    assert (after.name, after.url, after.secret) == ("renamed", hook.url, hook.secret)


def test_a_channel_of_another_kind_keeps_nothing_of_the_old_one(adas_browser, hook):
    said = {"name": "hook", "kind": "email", "enabled": "on", "recipients": "ada@example.com, bob@example.com"}
    adas_browser.post(f"/channels/{hook.pk}/edit/", said)

    after = Channel.objects.get()
    assert (after.url, after.secret, after.recipients) == ("", "", ["ada@example.com", "bob@example.com"])


@pytest.mark.parametrize(
    ("change", "field"),
    [({"secret": "short"}, "secret"), ({"url": "nowhere"}, "url"), ({"kind": "email", "recipients": ""}, "recipients")],
)
def test_what_cannot_be_used_is_said_beside_its_field(adas_browser, change, field):
    response = adas_browser.post("/channels/new/", HOOK | {"secret": make_secret()} | change)

    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]


def test_a_test_is_sent_and_sent_again(adas_browser, hook):
    shown = adas_browser.post(f"/channels/{hook.pk}/test/", follow=True)
    assert "a test of channel hook" in shown.content.decode()
    adas_browser.post(f"/deliveries/{Delivery.objects.get().pk}/resend/")

    assert Delivery.objects.count() == 2


def test_a_rule_is_declared_and_muted(adas_browser, hook, fra_1):
    response = adas_browser.post("/alert-rules/new/", RULE | {"channels": [hook.pk], "labels": "tier=gpu"}, follow=True)
    rule = AlertRule.objects.get()
    assert (rule.labels, rule.repeat_s, list(rule.channels.all())) == ({"tier": "gpu"}, None, [hook])
    assert "Alert rule pager is created." in response.content.decode()

    page = adas_browser.post(f"/alert-rules/{rule.pk}/mute/", {"hours": "8"}, follow=True).content.decode()
    assert "Muted until" in page
    adas_browser.post(f"/alert-rules/{rule.pk}/mute/", {"hours": "0"})
    assert AlertRule.objects.get().muted_until is None


def test_a_rule_may_watch_what_is_done_alone(adas_browser, hook):
    said = RULE | {"channels": [hook.pk], "subjects": [], "events": ["change.propose", "change.publish"]}
    page = adas_browser.post("/alert-rules/new/", said, follow=True).content.decode()

    assert AlertRule.objects.get().events == ["change.propose", "change.publish"]
    assert "Change proposed" in page
    assert "events alone" in page
    assert "2 events" in adas_browser.get("/alert-rules/").content.decode()


def test_a_rule_that_watches_nothing_is_refused(adas_browser, hook):
    response = adas_browser.post("/alert-rules/new/", RULE | {"channels": [hook.pk], "subjects": []})

    assert response.context["form"].errors == {"subjects": [NOTHING_WATCHED]}


@pytest.mark.parametrize("event", EventKind)
def test_links_in_messages_lead_to_pages(event):
    page = {"change": "changes-show", "generation": "snapshots-show"}[event.noun]

    assert page_of(event.value, "12", "https://manager.example.net") == (
        f"https://manager.example.net{reverse(page, args=[12])}"
    )


def test_a_rule_that_tells_nobody_is_refused(adas_browser):
    response = adas_browser.post("/alert-rules/new/", RULE)

    assert list(response.context["form"].errors) == ["channels"]


def test_other_teams_see_and_send_nothing(bobs_browser, hook):
    delivery = send_test(hook, datetime.now(UTC))

    assert bobs_browser.get(f"/channels/{hook.pk}/").status_code == 404
    assert bobs_browser.post(f"/channels/{hook.pk}/test/").status_code == 404
    assert bobs_browser.get(f"/deliveries/{delivery.pk}/").status_code == 404
    assert bobs_browser.post(f"/deliveries/{delivery.pk}/resend/").status_code == 404
    assert "a test of channel" not in bobs_browser.get("/deliveries/").content.decode()
    assert Delivery.objects.count() == 1
