"""How often each caller may ask, whichever web process hears it: the generic cell rate algorithm in one statement.

A caller is due at a moment that each request moves on by 1 / `per_s`, and may come `burst` requests early. The table is
unlogged: a crash of the database forgets it, which gives everyone a fresh burst and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

TAKE = """
    INSERT INTO accounts_quota AS quota (caller, due)
    VALUES (%(caller)s, clock_timestamp() + make_interval(secs => %(step)s))
    ON CONFLICT (caller) DO UPDATE SET due = greatest(quota.due, clock_timestamp()) + make_interval(secs => %(step)s)
    WHERE greatest(quota.due, clock_timestamp()) + make_interval(secs => %(step)s - %(window)s) <= clock_timestamp()
    RETURNING extract(epoch FROM due - clock_timestamp())::float8
"""
LEFT = "SELECT extract(epoch FROM due - clock_timestamp())::float8 FROM accounts_quota WHERE caller = %s"
FORGET = "DELETE FROM accounts_quota WHERE due < clock_timestamp()"


@dataclass(frozen=True, slots=True)
class Quota:
    """`burst` requests at once, `per_s` in the long run."""

    name: str
    per_s: float
    burst: int

    @property
    def step_s(self) -> float:
        return 1 / self.per_s

    @property
    def window_s(self) -> float:
        """In which as many may come as `burst` says."""
        return self.burst * self.step_s


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of a quota: `left` requests now, all again in `full_s`. `wait_s`: until one is let in; 0: it was."""

    quota: Quota
    left: int
    full_s: float
    wait_s: float


def take(quota: Quota, caller: str) -> Standing:
    """Count one request of a caller, if the quota allows it."""
    arguments: dict[str, str | float] = {
        "caller": f"{quota.name} {caller}",
        "step": quota.step_s,
        "window": quota.window_s,
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE, arguments)
        row = cursor.fetchone()
        if row is None:
            cursor.execute(LEFT, [f"{quota.name} {caller}"])
            full_s = float((cursor.fetchone() or [quota.window_s])[0])
            return Standing(quota, 0, full_s, max(full_s + quota.step_s - quota.window_s, 0.001))
    full_s = max(float(row[0]), 0.0)
    return Standing(quota, int((quota.window_s - full_s) * quota.per_s + 1e-9), full_s, 0.0)


def forget() -> None:
    """Delete callers who have not come for so long that nothing is held against them."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET)
