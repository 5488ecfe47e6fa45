"""What is done is told to whoever asked for it: once, with who and what, and grouped like all else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Team
from healthchecks.alerts import planning
from healthchecks.alerts.event_models import Happening, Notice
from healthchecks.alerts.events import EventKind
from healthchecks.alerts.happenings import entry_of, tell
from healthchecks.alerts.messages import MOST_LISTED, alert, body, headline
from healthchecks.alerts.models import AlertRule, Delivery
from healthchecks.alerts.sending import send
from healthchecks.alerts.services import plan, prune, take_in
from tests.healthchecks.alerts.conftest import Receiver
from tests.healthchecks.conftest import NOON

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
PUBLISHED = EventKind.CHANGE_PUBLISH.value


@pytest.fixture
def changes(pager: AlertRule) -> AlertRule:
    """The rule `pager`, of changes that are published, since the day before noon."""
    AlertRule.objects.update(subjects=[], events=[PUBLISHED], created=NOON - DAY)
    pager.refresh_from_db()
    return pager


def done(team: Team | None, event: str = PUBLISHED, number: int = 12, **said: Any) -> None:
    """Done at noon, by ada unless it is said otherwise."""
    told = {"title": "A heavier Frankfurt", "by": "ada", "via": "dashboard", "state": "published"} | said
    tell(event, number, team, entry_of(f"change {number}", ["patch endpoint fra-1: weight"], **told))
    Happening.objects.update(at=NOON)


def said(now=NOON) -> list[dict]:
    before = set(Delivery.objects.values_list("pk", flat=True))
    take_in(now)
    plan(now)
    return [delivery.message for delivery in Delivery.objects.exclude(pk__in=before).order_by("pk")]


def test_who_did_what_is_told_once_with_a_link(changes, team, settings):
    settings.PUBLIC_URL = "https://manager.example.net"
    done(team)
    [message] = said()

    assert (message["type"], message["counts"]) == (
        "notice",
        {"opened": 0, "recovered": 0, "lasting": 0, "happened": 1},
    )
    assert message["happened"] == [
        {
            "event": "change.publish",
            "at": NOON.isoformat(),
            "name": "change 12",
            "title": "A heavier Frankfurt",
            "by": "ada",
            "via": "dashboard",
            "state": "published",
            "said": None,
            "changes": {"count": 1, "listed": ["patch endpoint fra-1: weight"]},
            "link": "https://manager.example.net/changes/12/",
        }
    ]
    assert headline(message) == "[acme] change 12 published by ada: A heavier Frankfurt"
    assert body(message).splitlines() == [
        "DONE  change 12 published by ada: A heavier Frankfurt (2026-11-21 12:00:00 UTC)",
        "      patch endpoint fra-1: weight",
        "      https://manager.example.net/changes/12/",
        "",
        "Rule pager, 2026-11-21 12:00:00 UTC",
    ]
    assert said(NOON + DAY) == []


def test_without_a_public_address_there_is_no_link(changes, team):
    done(team)
    [message] = said()

    assert message["happened"][0]["link"] is None


def test_a_rule_hears_of_its_events_of_its_team_and_of_what_is_every_ones(changes, team):
    others = Team.objects.create(name="others")
    done(team, EventKind.CHANGE_CREATE)
    done(others)
    assert said() == []

    AlertRule.objects.update(events=[EventKind.GENERATION_PUBLISH])
    done(None, EventKind.GENERATION_PUBLISH, 43)
    [message] = said()
    assert [entry["event"] for entry in message["happened"]] == ["generation.publish"]
    assert not Happening.objects.exists(), "what nobody asked for is not kept"


def test_what_was_done_before_a_rule_was_there_is_no_news(changes, team):
    AlertRule.objects.update(created=NOON + SECOND)
    done(team)

    assert said() == []


def test_what_is_rolled_back_was_not_done(changes, team):
    with transaction.atomic():
        done(team)
        transaction.set_rollback(True)

    assert said() == []


def test_what_is_done_within_a_window_is_one_message_of_which_the_first_are_listed(changes, team):
    done(team)
    assert len(said()) == 1
    for number in range(MOST_LISTED + 3):
        done(team, number=number)
    assert said(NOON + MINUTE - SECOND) == []

    [message] = said(NOON + MINUTE)
    assert (message["counts"]["happened"], len(message["happened"])) == (MOST_LISTED + 3, MOST_LISTED)
    assert headline(message) == (
        f"[acme] {MOST_LISTED + 3} done: change 0 published, change 1 published, change 2 published"
        f" and {MOST_LISTED} more"
    )
    assert "and 3 more" in body(message)
    assert said(NOON + DAY) == []


def test_what_is_muted_is_told_afterwards(changes, team):
    AlertRule.objects.update(muted_until=NOON + 2 * MINUTE)
    done(team)
    assert said(NOON + MINUTE) == []

    assert len(said(NOON + 2 * MINUTE)) == 1


def test_what_is_done_and_what_goes_down_are_told_together(changes, team, check, fra_1, report):
    AlertRule.objects.update(subjects=["endpoint"])
    report(check, fra_1, eu="down", us="down", asia="down", cause="connection refused")
    done(team)
    [message] = said()

    assert message["type"] == "alert"
    assert headline(message) == "[acme] 1 down, 1 done: fra-1 over IPv4, change 12 published"


def test_what_is_done_while_a_message_is_made_is_told_by_the_next(changes, team, monkeypatch):
    done(team)
    take_in(NOON)

    def alert_meanwhile(*arguments, alert=alert):
        done(team, number=13)
        take_in(NOON)
        return alert(*arguments)

    monkeypatch.setattr(planning, "alert", alert_meanwhile)
    plan(NOON)
    monkeypatch.undo()

    [message] = said(NOON + MINUTE)
    assert [entry["name"] for entry in message["happened"]] == ["change 13"]


def test_a_receiver_gets_it_signed(changes, team, receiver: Receiver, settings):
    settings.PROBE_PRIVATE_ADDRESSES = True
    done(team)
    take_in(NOON)
    plan(NOON)
    delivery = Delivery.objects.select_related("channel").get()

    assert send(delivery.channel, "msg_1", delivery.message, NOON).status_code == 204
    assert receiver.messages[0]["happened"][0]["name"] == "change 12"
    assert receiver.headers[0]["webhook-signature"].startswith("v1,")


def test_notices_are_kept_for_a_month_once_they_were_told(changes, team):
    done(team)
    said()
    prune(NOON + 30 * DAY)
    assert Notice.objects.count() == 1
    prune(NOON + 31 * DAY)
    assert not Notice.objects.exists()


def test_a_rule_watches_something_that_there_is(changes):
    for events in ([], ["change.dance"]):
        with pytest.raises(IntegrityError), transaction.atomic():
            AlertRule.objects.update(events=events)
