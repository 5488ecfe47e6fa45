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

    def take_due(self, now_ms: int) -> list[Key]:
        """The targets whose turn has come since they were last taken."""
        due = [key for key, at in self._due.items() if at <= now_ms]
        for key in due:
            interval = self._intervals[key]
            self._due[key] += interval * ((now_ms - self._due[key]) // interval + 1)
        return due


def _phase(key: Hashable, interval_ms: int) -> int:
    return crc32(repr(key).encode()) % interval_ms
