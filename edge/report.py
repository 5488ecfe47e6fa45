"""What a node tells the feed: how it is, and its answers since the last report that was acknowledged.

    counters (cumulative) ── minus what is acknowledged ──► report n ──sent──► acknowledged ─► report n + 1
                                                               └── no answer ─► the very same report n again

A report keeps its number and content until it is acknowledged: the feed counts (boot, number) once.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:  # types of the stub only
    from responder import AnswerCount, Counters

MAX_COUNTS = 5000
"""Of one report; the rest goes with the next ones."""

Key = tuple[int, int, str, int]


class Reports:
    """The reports of one boot."""

    def __init__(self, boot_id: UUID, version: str) -> None:
        self._boot_id = boot_id
        self._version = version
        self._sequence = 0
        self._acknowledged: Counter[Key] = Counter()
        self._pending: dict[str, Any] | None = None

    def due(self, counters: Counters, generation: int, health_sequence: int) -> dict[str, Any]:
        """The report to send now: the one that is not acknowledged yet, or else a new one."""
        if self._pending is None:
            self._sequence += 1
            self._pending = {
                "boot_id": str(self._boot_id),
                "sequence": self._sequence,
                "generation": generation,
                "health_sequence": health_sequence,
                "version": self._version,
                "queries": counters["queries"],
                "answers": self._new_answers(counters["answers"]),
            }
        return self._pending

    def is_complete(self, counters: Counters) -> bool:
        """Whether everything counted has been reported and acknowledged."""
        return self._pending is None and not self._new_answers(counters["answers"])

    def acknowledge(self) -> None:
        """The pending report was taken."""
        if self._pending is not None:
            for answer in self._pending["answers"]:
                self._acknowledged[_key(answer)] += answer["count"]
            self._pending = None

    def _new_answers(self, counted: list[AnswerCount]) -> list[AnswerCount]:
        differences = ((answer, answer["count"] - self._acknowledged[_key(answer)]) for answer in counted)
        new: list[AnswerCount] = [{**answer, "count": number} for answer, number in differences if number > 0]
        return new[:MAX_COUNTS]


def _key(answer: AnswerCount) -> Key:
    return answer["policy"], answer["endpoint"], answer["country"], answer["rcode"]
