"""Whose turn it is to be probed. Pure: the time, of a clock that only moves forward, is an argument.

    add ─► its moment comes ─► waits ─► take ─► is being probed ─► ended
                 └─► left out, if it still waits, or is being probed, for the turn before

Who waits is taken in order, and waits once however often its turn comes. So a vantage that has too much to do probes
all its targets equally less often, instead of falling behind for ever.
"""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heappop, heappush
from typing import Generic, NamedTuple, Protocol, TypeVar


class Keyed(Protocol):
    @property
    def key(self) -> Hashable: ...


Target = TypeVar("Target", bound=Keyed)


class Turn(NamedTuple, Generic[Target]):
    due_s: float
    target: Target
    grace_s: float = 0.0


class Turns(Generic[Target]):
    """`left_out`: how many turns have been so far."""

    def __init__(self) -> None:
        self._ahead: list[tuple[float, int, Turn[Target]]] = []
        self._waiting: dict[Hashable, Turn[Target]] = {}
        self._probed: set[Hashable] = set()
        self._added = 0
        self.left_out = 0

    def add(self, due_s: float, target: Target, grace_s: float = 0.0) -> None:
        """`grace_s`: for so long it waits for the end of the probe before, instead of being left out."""
        self._push(due_s, Turn(due_s, target, grace_s))

    def come(self, now_s: float) -> None:
        """Have those wait whose moment has come."""
        while self._ahead and self._ahead[0][0] <= now_s:
            turn = heappop(self._ahead)[2]
            key = turn.target.key
            if key in self._waiting:
                self.left_out += 1
            elif key not in self._probed:
                self._waiting[key] = turn
            elif now_s < turn.due_s + turn.grace_s:
                self._push(turn.due_s + turn.grace_s, turn)
            else:
                self.left_out += 1

    def take(self) -> Turn[Target] | None:
        """Who has waited longest, to be probed now; None: nobody waits."""
        if not self._waiting:
            return None
        key = next(iter(self._waiting))
        self._probed.add(key)
        return self._waiting.pop(key)

    def ended(self, key: Hashable) -> None:
        """It is not being probed any more."""
        self._probed.discard(key)

    def next_s(self) -> float | None:
        """When the next turn comes that has not come yet; None: there is none."""
        return self._ahead[0][0] if self._ahead else None

    def late_s(self, now_s: float) -> float:
        """For how long the first of those who wait has waited."""
        return max(now_s - next(iter(self._waiting.values())).due_s, 0.0) if self._waiting else 0.0

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @property
    def probed(self) -> int:
        """How many are being probed."""
        return len(self._probed)

    def _push(self, at_s: float, turn: Turn[Target]) -> None:
        self._added += 1
        heappush(self._ahead, (at_s, self._added, turn))
