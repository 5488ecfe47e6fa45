"""When a message that was not taken is tried again. Pure: time and chance are arguments."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus

FIRST_S, LONGEST_S = 5.0, 300.0
GIVE_UP_AFTER = timedelta(hours=24)
JITTER = 0.2
"""Of the pause, so that what failed together is not tried together."""

PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""Refusals of the client's kind that another time may not meet."""


def is_final(status_code: int | None) -> bool:
    """Whether a receiver that answered so would answer the same again. None: it did not answer."""
    return status_code is not None and 300 <= status_code < 500 and status_code not in PASSING


def next_try(attempts: int, created: datetime, now: datetime, chance: float) -> datetime | None:
    """When to try again after so many attempts, of which the last has just failed; None: give up.

    `chance` is from 0 to 1.
    """
    pause_s = min(FIRST_S * 2 ** min(attempts - 1, 16), LONGEST_S) * (1 + JITTER * chance)
    at = now + timedelta(seconds=pause_s)
    return at if at <= created + GIVE_UP_AFTER else None
