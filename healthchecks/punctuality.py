"""How punctual a vantage is: by how much its probes began later than they were due. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Punctuality:
    """Of the probes since a heartbeat: how late the last of them began, how late at most 99 of 100, and how many were
    left out for want of time."""

    lag_ms: int = 0
    lag_p99_ms: int = 0
    left_out: int = 0


def punctuality(late_s: Sequence[float], left_out: int, at_least_s: float = 0.0) -> Punctuality:
    """Of probes that began so many seconds late. `at_least_s`: what else is known of how late the last one is."""
    rising = sorted(late_s) or [0.0]
    p99_s = rising[-(len(rising) // 100) - 1]
    return Punctuality(int(max(rising[-1], at_least_s) * 1000), int(p99_s * 1000), left_out)
