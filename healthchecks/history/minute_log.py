"""What the probes of this process saw, counted by the minute, until it is stored. Pure: the time is an argument."""

from __future__ import annotations

import threading
from collections import Counter
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
    """Filled by the thread that probes, emptied by the one that stores."""

    def __init__(self) -> None:
        self._minutes: dict[int, dict[Key, Tally]] = {}
        self._stored_until = 0
        self._lock = threading.Lock()

    def note(self, key: Key, outcome: Outcome, now: float) -> None:
        """Count an outcome of `now`, Unix time; by a clock that was set back, for the first minute that is not stored.

        What is stored of a minute replaces what was stored of it before.
        """
        with self._lock:
            minute = max(int(now) // MINUTE_S * MINUTE_S, self._stored_until)
            tallies = self._minutes.setdefault(minute, {})
            tally = tallies.get(key)
            if tally is None:
                tally = tallies[key] = Tally()
            tally.count(outcome)

    def ended(self, now: float) -> list[MinuteRow]:
        """The tallies of minutes that are over, the oldest first. They stay until they are forgotten."""
        with self._lock:
            over = sorted(minute for minute in self._minutes if minute + MINUTE_S <= now)
            return [MinuteRow(key, minute, tally) for minute in over for key, tally in self._minutes[minute].items()]

    def forget(self, rows: list[MinuteRow]) -> None:
        """Drop what has been stored."""
        with self._lock:
            for row in rows:
                self._stored_until = max(self._stored_until, row.minute + MINUTE_S)
                tallies = self._minutes[row.minute]
                del tallies[row.key]
                if not tallies:
                    del self._minutes[row.minute]

    def forget_before(self, moment: float) -> int:
        """Drop the minutes that ended before `moment`; returns how many tallies were lost."""
        with self._lock:
            old = [minute for minute in self._minutes if minute + MINUTE_S < moment]
            return sum(len(self._minutes.pop(minute)) for minute in old)
