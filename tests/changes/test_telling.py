"""What becomes of changes, and each generation, is told to the rules that watch it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from changes.models import State
from changes.refusals import WrongStateError
from changes.services import (
    Proposed,
    approve,
    comment,
    open_change,
    propose,
    publish,
    publish_due,
    reject,
    schedule,
    withdraw,
)
from healthchecks.alerts.event_models import Happening
from healthchecks.alerts.happenings import MOST_LISTED
from snapshots.services import publish as publish_snapshot
from tests.changes.conftest import mail
from tests.changes.test_changes import ask_for
from zones.models import Zone
from zones.services import put_record_set


@pytest.fixture(autouse=True)
def nothing_yet(world):
    Happening.objects.all().delete()


def told():
    """Events, who and in which state, in order."""
    return [(one.event, one.entry["by"], one.entry["state"]) for one in Happening.objects.order_by("pk")]


def test_each_step_is_told_with_who_made_it(ops, ada, bob):
    ask_for(ops, 1)
    heavier = Proposed("endpoints", "fra-1", {"weight": 20}, partial=True)
    change = open_change(ops, ada, "Move the mail", [mail("192.0.2.26"), heavier])
    propose(change, ada)
    approve(change, bob)
    publish(change, ada, timezone.now())

    assert told() == [
        ("change.create", "ada", "draft"),
        ("change.propose", "ada", "proposed"),
        ("change.approve", "bob", "approved"),
        ("change.publish", "ada", "published"),
    ]
    last = Happening.objects.last()
    assert (last.team, last.key) == (ops, str(change.number))
    assert last.entry == {
        "name": f"change {change.number}",
        "title": "Move the mail",
        "by": "ada",
        "via": "api",
        "state": "published",
        "said": None,
        "changes": {"count": 2, "listed": ["put record set demo.test. mail A", "patch endpoint fra-1: weight"]},
    }


def test_one_of_two_approvals_leaves_it_proposed(ops, ada, bob):
    ask_for(ops, 2)
    change = open_change(ops, ada, "Move the mail", [mail("192.0.2.26")])
    propose(change, ada)
    approve(change, bob)

    assert told()[-1] == ("change.approve", "bob", "proposed")


def test_why_it_was_rejected_is_told_and_that_it_was_taken_back(ops, ada, bob):
    ask_for(ops, 1)
    change = open_change(ops, ada, "Move the mail", [mail("192.0.2.26")])
    propose(change, ada)
    reject(change, bob, "Not on a Friday.")
    withdraw(change, ada)

    assert told()[2:] == [
        ("change.reject", "bob", "draft"),
        ("change.comment", "bob", "draft"),
        ("change.withdraw", "ada", "withdrawn"),
    ]
    assert [one.entry["said"] for one in Happening.objects.filter(event="change.comment")] == ["Not on a Friday."]


def test_why_a_scheduled_change_failed_is_told(ops, ada):
    change = open_change(ops, ada, "Move the mail", [mail("192.0.2.26")])
    propose(change, ada)
    now = timezone.now()
    schedule(change, ada, now + timedelta(hours=1), now)
    put_record_set(Zone.objects.get(), "mail", "A", 300, ["192.0.2.99"])
    publish_due(now + timedelta(hours=2))

    failed = Happening.objects.last()
    assert (failed.event, failed.entry["state"], failed.entry["via"]) == ("change.fail", State.FAILED, "system")
    assert "demo.test. mail A" in failed.entry["said"]


def test_what_is_refused_is_told_to_nobody(ops, ada):
    change = open_change(ops, ada, "Move the mail", [mail("192.0.2.26")])
    withdraw(change, ada)
    before = told()
    with pytest.raises(WrongStateError):
        publish(change, ada, timezone.now())
    with pytest.raises(ValidationError):
        comment(change, ada, " ")

    assert told() == before


def test_a_large_change_lists_its_first_edits_and_counts_all(ops, ada):
    edits = [Proposed("regions", f"r-{number}", {"latitude": 1, "longitude": 2}) for number in range(MOST_LISTED + 5)]
    open_change(ops, ada, "More regions", edits)

    changes = Happening.objects.get().entry["changes"]
    assert (changes["count"], len(changes["listed"])) == (MOST_LISTED + 5, MOST_LISTED)
    assert changes["listed"][0] == "create region r-0"


def test_a_generation_is_told_to_all_with_what_it_changed(ops):
    put_record_set(Zone.objects.get(), "mail", "A", 300, ["192.0.2.99"])
    snapshot = publish_snapshot(timezone.now())

    [one] = Happening.objects.all()
    assert (one.event, one.key, one.team) == ("generation.publish", str(snapshot.generation), None)
    assert one.entry["name"] == f"generation {snapshot.generation}"
    assert one.entry["changes"] == {"count": len(snapshot.changes), "listed": snapshot.changes}
    assert publish_snapshot(timezone.now()) is None
    assert Happening.objects.count() == 1, "where nothing is new, nothing is told"
