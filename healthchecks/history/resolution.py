"""How finely a stretch of history is shown. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

MOST_POINTS = 400
"""Of one series: more than that no chart of a page can show."""

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STEPS = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY)
LONGEST = MOST_POINTS * DAY


class StretchError(ValueError):
    """A stretch that cannot be shown. `field` is what to change: `begin` or `end`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def step_for(begin: datetime, end: datetime, minutes_since: datetime) -> timedelta:
    """The finest step that shows all from `begin` to `end` in MOST_POINTS. Before `minutes_since` only hours are kept.

    Raises StretchError.
    """
    if begin >= end:
        raise StretchError("begin", "It must begin before it ends.")
    if end - begin > LONGEST:
        raise StretchError("begin", f"At most {LONGEST.days} days are shown at once.")
    fitting = (step for step in STEPS if (end - begin) / step <= MOST_POINTS)
    return next(step for step in fitting if step >= HOUR or begin >= minutes_since)


def floor_to(moment: datetime, step: timedelta) -> datetime:
    """When the step began that `moment` is in; steps are counted from the Unix epoch."""
    step_s = int(step.total_seconds())
    return datetime.fromtimestamp(int(moment.timestamp()) // step_s * step_s, moment.tzinfo)
