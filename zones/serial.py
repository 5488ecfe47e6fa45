"""Serial numbers of zones: 32 bits on a circle (RFC 1982), of which we skip 0."""

from __future__ import annotations

from zones.models import MAX_SERIAL

HALF = 2**31
CIRCLE = 2**32


def is_later(candidate: int, serial: int) -> bool:
    """Whether `candidate` comes after `serial`. Two numbers exactly half the circle apart are in no order."""
    return 0 < (candidate - serial) % CIRCLE < HALF


def following(serial: int, proposed: int | None = None) -> int:
    """The serial after `serial`: the proposed one if that is later, else the next."""
    if proposed and is_later(proposed, serial):
        return proposed
    return 1 if serial == MAX_SERIAL else serial + 1
