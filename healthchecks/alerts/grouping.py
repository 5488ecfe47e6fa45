"""When a rule's next message is due. Pure: the time is an argument.

    first incident ── wait_s ─► message ── window_s ─► message with all that came since ── … ── repeat_s ─► reminder
                                  └───────────── quiet hours and a mute put each of them off ──────────────────┘

A message tells everything that has not been told; so whatever is put off is told by the next one, and none of it twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from healthchecks.alerts.quiet import QuietHours


@dataclass(frozen=True)
class Timing:
    """What a rule says of when it may speak. `repeat` None: no reminders."""

    wait: timedelta
    window: timedelta
    repeat: timedelta | None = None
    quiet: QuietHours | None = None
    muted_until: datetime | None = None


@dataclass(frozen=True)
class Group:
    """What a rule has to tell: since when something waits, when it last spoke, and whether what it told of lasts."""

    waiting_since: datetime | None
    told: datetime | None
    lasts: bool


def due(group: Group, timing: Timing) -> datetime | None:
    """The first moment at which the rule's next message may be sent; None: there is nothing to say."""
    moment = _without_hindrance(group, timing)
    return moment and _allowed(moment, timing)


def _without_hindrance(group: Group, timing: Timing) -> datetime | None:
    if group.waiting_since is not None:
        soonest = group.waiting_since + timing.wait
        return max(soonest, group.told + timing.window) if group.told else soonest
    if group.lasts and group.told and timing.repeat:
        return group.told + max(timing.repeat, timing.window)
    return None


def _allowed(moment: datetime, timing: Timing) -> datetime:
    if timing.muted_until:
        moment = max(moment, timing.muted_until)
    return timing.quiet.end_after(moment) if timing.quiet else moment
