"""Whether a vantage is well enough to vote (H3). Pure: the time is an argument.

                    no heartbeat for SILENT_AFTER
           ┌──────────────────────────────────────────► SILENT
           │        probes begin later than MOST_LAG_MS
    WELL ──┼──────────────────────────────────────────► OVERLOADED
     ▲     │        alone in failing most of its targets
     │     └──────────────────────────────────────────► CUT_OFF
     │                                                     │
     └──── a heartbeat in time; little lag; hardly alone ──┘

Of several reasons the first counts. A vantage fails a target *alone* if it says down while at least half of the others
that have a say say up: then it is more likely that the vantage is cut off than that all of these endpoints are down.
What all vantages see is never alone, however much it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from healthchecks.state import State

SILENT_AFTER = timedelta(seconds=10)
"""Heartbeats come every second: ten of them are missing."""

MOST_LAG_MS = 3000
"""Ticks come twice a second: half a dozen of them late, what it says is old, and what it measures may be itself."""

LEAST_TARGETS = 5
"""With fewer targets, the failure of one endpoint would look like that of a vantage."""

CUT_OFF_ABOVE = 0.5
WELL_UP_TO = 0.1
"""Shares of a vantage's targets that it fails alone. Apart, so that one that recovers does not vote on what it has not
probed again yet."""


class Condition(StrEnum):
    WELL = "well"
    SILENT = "silent"
    OVERLOADED = "overloaded"
    CUT_OFF = "cut off"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is known of a vantage: its last heartbeat, what that said, and how many of its targets it fails alone."""

    beat: datetime
    lag_ms: int
    targets: int
    alone: int


def condition(before: Condition, seen: Sighting, now: datetime) -> Condition:
    """How the vantage is."""
    if now - seen.beat > SILENT_AFTER:
        return Condition.SILENT
    if seen.lag_ms > MOST_LAG_MS:
        return Condition.OVERLOADED
    if seen.targets >= LEAST_TARGETS and seen.alone > _bearable(before) * seen.targets:
        return Condition.CUT_OFF
    return Condition.WELL


def reason(condition: Condition, seen: Sighting) -> str:
    """The condition in words."""
    return {
        Condition.WELL: "",
        Condition.SILENT: f"no heartbeat for more than {SILENT_AFTER.total_seconds():.0f} s: is its worker running?",
        Condition.OVERLOADED: f"its probes begin {seen.lag_ms} ms late: it has too much to do",
        Condition.CUT_OFF: f"it fails {seen.alone} of its {seen.targets} targets that others reach: is it cut off?",
    }[condition]


def failed_alone(votes: Iterable[Mapping[str, State]]) -> Counter[str]:
    """Of each vantage, by name, how many targets it fails alone. Takes the votes on each target."""
    alone: Counter[str] = Counter()
    for cast in votes:
        ups = sum(state is State.UP for state in cast.values())
        downs = [name for name, state in cast.items() if state is State.DOWN]
        if ups and ups >= len(downs) - 1:
            alone.update(downs)
    return alone


def _bearable(before: Condition) -> float:
    return WELL_UP_TO if before is Condition.CUT_OFF else CUT_OFF_ABOVE
