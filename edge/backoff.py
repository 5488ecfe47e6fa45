"""How long to wait before the next attempt: doubling, with jitter, so that a thousand edges do not come at once."""

from __future__ import annotations

from collections.abc import Callable


class Backoff:
    """`chance` gives numbers from 0 to 1."""

    def __init__(self, chance: Callable[[], float], *, first_s: float = 0.5, most_s: float = 30.0) -> None:
        self._chance = chance
        self._first_s = first_s
        self._most_s = most_s
        self._next_s = first_s

    def next_s(self) -> float:
        """Seconds to wait now; twice as many, up to a bound, the next time."""
        bound_s, self._next_s = self._next_s, min(self._next_s * 2, self._most_s)
        return bound_s * (0.1 + 0.9 * self._chance())

    def reset(self) -> None:
        """After an attempt that went well."""
        self._next_s = self._first_s
