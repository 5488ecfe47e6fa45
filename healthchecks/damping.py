r"""Flap damping (H5), as routes of BGP are damped (RFC 2439). Pure: the time is an argument.

    penalty  ▲      /\  /\                      each DOWN adds one, and time halves it every `half_life_s`
    suppress ┤── /\/──\/──\──────
             │  /          \                    above `suppress`: down, whatever is seen,
    reuse    ┤─/────────────\────               until it has decayed to `reuse`
             └────────────────┴─────► time

A penalty never grows beyond what decays to `reuse` within `max_s`, so nothing is suppressed for longer than that after
its last DOWN (the ceiling of RFC 2439, section 4.2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Damping:
    """How much flapping is borne; `suppress` and `reuse` count DOWNs."""

    half_life_s: int
    suppress: float
    reuse: float
    max_s: int

    @property
    def ceiling(self) -> float:
        """The most that a penalty comes to."""
        return self.reuse * math.exp2(min(self.max_s / self.half_life_s, 1000.0))


@dataclass(frozen=True, slots=True)
class Penalty:
    """`value` at the moment `at`; `reuse_at`: until then it is suppressed, None: it is not."""

    value: float = 0.0
    at: datetime | None = None
    reuse_at: datetime | None = None

    def is_suppressing(self, now: datetime) -> bool:
        return self.reuse_at is not None and now < self.reuse_at

    def decayed(self, half_life_s: int, now: datetime) -> float:
        """What is left of it."""
        if self.at is None:
            return 0.0
        age_s = max((now - self.at).total_seconds(), 0.0)
        return self.value * math.exp2(-age_s / half_life_s)

    def after_down(self, damping: Damping, now: datetime) -> Penalty:
        """The penalty once one more DOWN has been added."""
        value = min(self.decayed(damping.half_life_s, now) + 1.0, damping.ceiling)
        if value <= damping.suppress and not self.is_suppressing(now):
            return Penalty(value, now)
        wait_s = damping.half_life_s * math.log2(value / damping.reuse)
        return Penalty(value, now, now + timedelta(seconds=max(wait_s, 0.0)))
