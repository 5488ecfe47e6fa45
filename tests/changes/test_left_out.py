"""A roll-back says what it leaves as it is, because no document has it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.audit.journal import Event, record
from changes.left_out import MOST_LINES
from changes.services import Proposed, open_change, publish, revert, roll_back
from healthchecks.forcing import active_states, end_expired, force, unforce
from healthchecks.guard_models import ForcedState
from regions.models import Endpoint, Region
from tests.changes.conftest import mail


@pytest.fixture
def left_out(world, ops, ada):
    """What the draft says that goes back to the generation of the world."""

    def lines():
        description = roll_back(ops, world.generation, ada).description
        return description.split("\n")[1:]

    return lines


def test_a_drained_endpoint_stays_so_and_that_is_said(world, ops, ada, left_out):
    fra_1 = Endpoint.objects.get(name="fra-1")
    publish(open_change(ops, ada, "Move the mail", [mail("192.0.2.26")]), ada, timezone.now())
    assert left_out() == []

    force(fra_1, "drain", "disk is full", "ada", timezone.now())
    assert left_out() == [
        "endpoint fra-1: then nothing was forced of it; now drained by ada: disk is full, and that stays"
    ]

    publish(roll_back(ops, world.generation, ada), ada, timezone.now())
    assert active_states([fra_1.pk])[fra_1.pk].state == ForcedState.State.DRAIN


def test_what_was_forced_then_and_is_no_more_is_said_whoever_ended_it(ops, ada, world):
    fra_1, fra_2 = Endpoint.objects.get(name="fra-1"), Endpoint.objects.get(name="fra-2")
    early = world.created - timedelta(minutes=5)
    force(fra_1, "down", "no power", "ada", early)
    force(fra_2, "up", "the check is wrong", "bob", early, early + timedelta(hours=1))
    kept = roll_back(ops, world.generation, ada)
    assert kept.description == "", "it is as it was"

    unforce(fra_1, "bob", world.created + timedelta(minutes=1))
    end_expired(early + timedelta(hours=2))
    assert roll_back(ops, world.generation, ada).description.split("\n") == [
        "Left out:",
        "endpoint fra-1: then forced down by ada: no power; now nothing is forced of it, and that stays",
        "endpoint fra-2: then forced up by bob: the check is wrong; now nothing is forced of it, and that stays",
    ]


def test_what_stands_beside_documents_is_named_once_and_of_the_own_team(ops, ada, left_out):
    events = [
        Event("load-sources", "fra-1", "set"),
        Event("load-sources", "fra-1", "delete"),
        Event("push-urls", "web fra-2", "rotate"),
        Event("shadows", "www", "create"),
        Event("tokens", "laptop", "create"),
    ]
    record(ada, ops, events)
    record(ada, None, [Event("load-sources", "theirs", "set")])

    assert left_out() == [
        "endpoint fra-1: where its load is read was changed since, and stays as it is now",
        "check and endpoint web fra-2: the push URL was made anew since, and the old one stays unknown",
        "policy www: its shadow was changed since, and stays as it is now",
    ]


def test_what_comes_back_says_what_it_comes_back_without(ops, ada, left_out):
    places = [("zones", "demo.test."), ("policies", "www"), ("endpoints", "fra-2"), ("checks", "web")]
    gone = open_change(ops, ada, "Less", [Proposed(*place, None) for place in places])
    publish(gone, ada, timezone.now())

    said = [
        "check web: it comes back with new push URLs",
        "endpoint fra-2: it comes back without a load source and with nothing forced, and its push URLs are new",
        "policy www: it comes back without a shadow",
        "zone demo.test.: it comes back with no roles granted for it alone",
    ]
    assert left_out() == said
    assert revert(gone, ada).description.split("\n") == ["Left out:", *said]


def test_a_renamed_endpoint_comes_back_with_all_it_has(ops, ada, left_out):
    renamed = Proposed("endpoints", "fra-1", {"name": "frankfurt"}, partial=True)
    publish(open_change(ops, ada, "Another name", [renamed]), ada, timezone.now())

    assert left_out() == []


def test_of_very_many_the_first_are_named_and_the_rest_counted(ops, left_out):
    eu, now = Region.objects.get(name="eu"), timezone.now()
    made = Endpoint.objects.bulk_create(
        Endpoint(team=ops, name=f"e-{number:03}", region=eu, ipv4="192.0.2.9") for number in range(MOST_LINES + 7)
    )
    ForcedState.objects.bulk_create(
        ForcedState(endpoint=endpoint, state="drain", reason="moving", author="ada", since=now) for endpoint in made
    )

    lines = left_out()
    assert len(lines) == MOST_LINES + 1
    assert lines[-1] == "and 7 more of that sort"
