"""When each target is due. Pure: the time, of any clock that only moves forward, is an argument.

Targets of one interval are spread over it, each at a phase that follows from its name, so that a fleet is not probed in
one burst. Whoever asks late gets each target once: what was missed is skipped, not caught up with.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar
from zlib import crc32

FIRST_PROBE_WITHIN_MS = 5000
"""A new target is probed soon, however long its interval: nothing is known of it yet."""

Key = TypeVar("Key", bound=Hashable)


class Agenda(Generic[Key]):
    def __init__(self) -> None:
        self._intervals: dict[Key, int] = {}
        self._due: dict[Key, int] = {}

    def replace(self, intervals: Mapping[Key, int], now_ms: int) -> None:
        """Take these targets, with their intervals in ms, instead of the present ones; who stays keeps its turn."""
        kept = {key for key, interval in intervals.items() if self._intervals.get(key) == interval}
        self._due = {
            key: self._due[key] if key in kept else now_ms + _phase(key, min(interval, FIRST_PROBE_WITHIN_MS))
            for key, interval in intervals.items()
        }
        self._intervals = dict(intervals)

    def take_due(self, now_ms: int, until_ms: int) -> list[tuple[int, Key]]:
        """Whose turn has come since they were last taken, or comes by `until_ms`, and in how many ms from now."""
        due: list[tuple[int, Key]] = []
        for key in [key for key, at in self._due.items() if at <= until_ms]:
            at, interval = self._due[key], self._intervals[key]
            if at <= now_ms:
                due.append((0, key))
                at += interval * ((now_ms - at) // interval + 1)
            while at <= until_ms:
                due.append((at - now_ms, key))
                at += interval
            self._due[key] = at
        return due


def _phase(key: Hashable, interval_ms: int) -> int:
    return crc32(repr(key).encode()) % interval_ms
