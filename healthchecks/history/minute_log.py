"""What the probes of this process saw, counted by the minute, until it is stored. Pure: the time is an argument."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from healthchecks.history.sketch import bucket_of
from healthchecks.probes import Outcome
from healthchecks.targets import Key

MINUTE_S = 60


@dataclass(slots=True)
class Tally:
    """Outcomes of one target in one minute. Round trips are those of probes that succeeded."""

    probes: int = 0
    failures: int = 0
    sketch: Counter[int] = field(default_factory=Counter)

    def count(self, outcome: Outcome) -> None:
        self.probes += 1
        if outcome.succeeded:
            self.sketch[bucket_of(outcome.rtt_ms)] += 1
        else:
            self.failures += 1


@dataclass(frozen=True, slots=True)
class MinuteRow:
    """One tally; `minute` is when the minute began, in Unix time."""

    key: Key
    minute: int
    tally: Tally


class MinuteLog:
    """Filled by the thread that probes, emptied by the one that stores. A minute that was asked for is closed: what
    comes late, or by a clock that was set back, counts for the next one, since a minute stored again is replaced."""

    def __init__(self) -> None:
        self._minutes: dict[int, dict[Key, Tally]] = {}
        self._closed_until = 0
        self._lock = threading.Lock()  # held for moments: whoever probes waits for it

    def note(self, key: Key, outcome: Outcome, now: float) -> None:
        """Count an outcome of `now`, Unix time."""
        with self._lock:
            minute = max(int(now) // MINUTE_S * MINUTE_S, self._closed_until)
            tallies = self._minutes.setdefault(minute, {})
            tally = tallies.get(key)
            if tally is None:
                tally = tallies[key] = Tally()
            tally.count(outcome)

    def ended(self, now: float) -> list[MinuteRow]:
        """Close the minutes that are over and return their tallies, the oldest first. They stay until forgotten."""
        with self._lock:
            over = sorted(minute for minute in self._minutes if minute + MINUTE_S <= now)
            self._closed_until = max([self._closed_until, *(minute + MINUTE_S for minute in over)])
            closed = [(minute, self._minutes[minute]) for minute in over]
        return [MinuteRow(key, minute, tally) for minute, tallies in closed for key, tally in tallies.items()]

    def forget(self, rows: Sequence[MinuteRow]) -> None:
        """Drop closed rows that have been stored."""
        for row in rows:
            tallies = self._minutes[row.minute]
            del tallies[row.key]
            if not tallies:
                with self._lock:
                    del self._minutes[row.minute]

    def forget_before(self, moment: float) -> int:
        """Drop the minutes that ended before `moment`; returns how many tallies were lost."""
        with self._lock:
            old = [minute for minute in self._minutes if minute + MINUTE_S < moment]
            return sum(len(self._minutes.pop(minute)) for minute in old)
