"""The brake on mass failures (H7). Pure: the time is an argument.

Endpoints of a pool rarely fail all at once; what watches them does. So when most of a pool goes down within a short
time, edges go on being told that those are up, and someone is called:

                more than `max_down_percent` of the members went down within `window`
    RELEASED ───────────────────────────────────────────────────────────────────► HOLDING
       ▲ ▲                                                                          │ │
       │ └────────────── no more than `max_down_percent` of them are down ──────────┘ │
       │                                                                              │ acknowledged, or
       └──────────────── the same ──── FOLLOWING ◄────────────────────────────────────┘ `hold` is over
                                           ▲
       RELEASED ── the same as above, of a pool that is to `follow` ──┘

What goes down one after another while the limit is not reached is told at once: nothing waits for what others do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LEAST_MEMBERS = 3
"""Of one or two members a single failure is half of them or all; if all are down, a pool fails open by itself (S1)."""


class Brake(StrEnum):
    RELEASED = "released"
    HOLDING = "holding"
    FOLLOWING = "following"


@dataclass(frozen=True, slots=True)
class BrakeLimits:
    """What a pool bears; `holds` False: a mass failure is told like any other, and only raises the alarm."""

    max_down_percent: int
    window: timedelta
    hold: timedelta
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Engaged:
    """A mass failure that is not over."""

    since: datetime
    acknowledged: bool = False


def brake(
    downs: Iterable[datetime], members: int, limits: BrakeLimits, engaged: Engaged | None, now: datetime
) -> Brake:
    """What becomes of a pool of `members` members, of which some are down, each since a moment in `downs`."""
    since = engaged.since if engaged else now
    failed = sum(is_part_of(down, since, limits) for down in downs)
    if members < LEAST_MEMBERS or failed * 100 <= limits.max_down_percent * members:
        return Brake.RELEASED
    if not limits.holds:
        return Brake.FOLLOWING
    if engaged and (engaged.acknowledged or now >= engaged.since + limits.hold):
        return Brake.FOLLOWING
    return Brake.HOLDING


def is_part_of(down: datetime, since: datetime, limits: BrakeLimits) -> bool:
    """Whether what is down since `down` belongs to the mass failure of `since`: what was down long before does not."""
    return down >= since - limits.window
