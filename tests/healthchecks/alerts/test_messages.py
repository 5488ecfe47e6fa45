"""What people read: a headline that stays short, and a line for each incident."""

from __future__ import annotations

from datetime import timedelta

from healthchecks.alerts.messages import MOST_LISTED, News, alert, body, headline
from healthchecks.alerts.models import Incident
from tests.healthchecks.conftest import NOON


def down(name, **changes):
    """An endpoint that is or was down."""
    plain = {"kind": "endpoint", "name": f"{name} over IPv4", "endpoint_name": name, "family": 4, "opened": NOON}
    return Incident(**plain | {"cause": "eu: connection refused"} | changes)


def test_a_message_says_what_is_down_what_recovered_and_what_lasts():
    recovered = down("iad-1", closed=NOON + timedelta(seconds=12), recovery="us: status 200")
    message = alert("acme", "pager", News([down("fra-1")], [recovered], [down("sin-1")]), NOON)

    assert headline(message) == (
        "[acme] 1 down, 1 recovered, 1 still down: fra-1 over IPv4, iad-1 over IPv4, sin-1 over IPv4"
    )
    assert body(message).splitlines() == [
        "DOWN  fra-1 over IPv4: eu: connection refused (since 2026-11-21 12:00:00 UTC)",
        "UP    iad-1 over IPv4: us: status 200 (was down from 2026-11-21 12:00:00 UTC to 2026-11-21 12:00:12 UTC)",
        "STILL sin-1 over IPv4: eu: connection refused (since 2026-11-21 12:00:00 UTC)",
        "",
        "Rule pager, 2026-11-21 12:00:00 UTC",
    ]


def test_a_thousand_at_once_are_counted_and_some_of_them_named():
    message = alert("acme", "pager", News([down(f"e-{number}") for number in range(1000)], [], []), NOON)

    assert message["counts"] == {"opened": 1000, "recovered": 0, "lasting": 0, "happened": 0}
    assert len(message["opened"]) == MOST_LISTED
    assert headline(message) == "[acme] 1000 down: e-0 over IPv4, e-1 over IPv4, e-2 over IPv4 and 997 more"
    assert "and 950 more" in body(message)


def test_what_brings_nothing_new_is_a_reminder():
    assert alert("acme", "pager", News([], [], [down("fra-1")]), NOON)["type"] == "reminder"


def test_what_an_earlier_release_has_written_is_read():
    message = alert("acme", "pager", News([down("fra-1")], [], []), NOON)
    del message["happened"], message["counts"]["happened"]

    assert headline(message) == "[acme] 1 down: fra-1 over IPv4"
    assert body(message).startswith("DOWN  fra-1 over IPv4")
