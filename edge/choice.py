"""Which of several feeds to follow: the first that is well, in the order of preference.

               fails, lies behind, says what is refused
    preferred ─────────────────────────────────────────► avoided
        ▲                                                   │ its wait is over
        └──── looked at, and not behind ◄───────────────────┘

The wait doubles each time and is drawn by lot, so that a site does not come back to its relay all at once. Others than
the one that is followed are looked at now and then, for what they know that it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.backoff import Backoff

AVOID_FIRST_S = 2.0
AVOID_MOST_S = 120.0
STEADY_S = 30.0
"""One that was followed for so long has earned a short wait again."""
LOOK_EVERY_S = 30.0


@dataclass(frozen=True, slots=True)
class Position:
    """How far a feed is, or a node."""

    generation: int
    health_sequence: int

    def is_behind(self, other: Position) -> bool:
        """Whether anything is known at `other` that is not here."""
        return self.generation < other.generation or self.health_sequence < other.health_sequence


class Choice:
    """Among `count` feeds, by their place in the order of preference. Times are of a monotonic clock, in seconds."""

    def __init__(self, count: int, chance: Callable[[], float]) -> None:
        self.current = 0
        self._chance = chance
        self._waits = [Backoff(chance, first_s=AVOID_FIRST_S, most_s=AVOID_MOST_S) for _ in range(count)]
        self._avoided_until_s = [0.0] * count
        self._look_at_s = [0.0] * count
        self._chosen_s = 0.0

    def choose(self, now_s: float) -> int:
        """The one to follow from now on."""
        self.current = self.order(now_s)[0]
        self._chosen_s = now_s
        return self.current

    def order(self, now_s: float) -> Sequence[int]:
        """All, those that are avoided last, and of these the one first whose wait ends first."""
        waits_s = [max(0.0, until_s - now_s) for until_s in self._avoided_until_s]
        return sorted(range(len(waits_s)), key=lambda place: (waits_s[place], place))

    def failed(self, place: int, now_s: float) -> None:
        """Avoid it for a while."""
        if place == self.current and now_s - self._chosen_s >= STEADY_S:
            self._waits[place].reset()
        self._avoided_until_s[place] = now_s + self._waits[place].next_s()

    def move(self, place: int, now_s: float) -> None:
        """Have `place` be chosen next."""
        self._avoided_until_s[place] = 0.0
        for better in range(place):
            if self._avoided_until_s[better] <= now_s:
                self.failed(better, now_s)

    def has_another(self, now_s: float) -> bool:
        """Whether one beside the current one is not avoided."""
        return any(place != self.current and until_s <= now_s for place, until_s in enumerate(self._avoided_until_s))

    def due(self, now_s: float) -> list[int]:
        """Those to look at now: preferred ones whose wait is over, and now and then one of the others."""
        ready = [place for place, until_s in enumerate(self._avoided_until_s) if until_s <= now_s]
        preferred = [place for place in ready if place < self.current]
        others = [place for place in ready if place > self.current and self._look_at_s[place] <= now_s]
        return preferred + others[:1]

    def looked(self, place: int, now_s: float) -> None:
        """It was looked at, and there was no reason to move."""
        self._look_at_s[place] = now_s + LOOK_EVERY_S * (0.5 + self._chance())
