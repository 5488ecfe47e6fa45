"""The prober of a vantage region: one in each worker process.

    tick (a Celery thread) ──► Agenda ──► due targets ──► ProbeLoop: probes, all at once
                                                             │
    database ◄── Recorder ◄── changed beliefs ◄── Streak of each target, and each outcome ──► MinuteWriter (history)

A tick returns before the probes it has started end, so that a hanging target delays no other. Time comes from this
machine's monotonic clock: without ticks nothing is probed and nothing changes, and a burst of late ticks probes once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import Error

from healthchecks.agenda import Agenda
from healthchecks.beliefs import VantageChange
from healthchecks.probe_loop import Observe, ProbeLoop
from healthchecks.recorder import Recorder
from healthchecks.targets import Key, ProbeTarget

logger = logging.getLogger(__name__)

LOOK_EVERY_MS = 1000
RELOAD_EVERY_MS = 30_000
"""Targets are read again this often even if their version stands still: bulk writes do not move it."""


@dataclass(frozen=True)
class Database:
    """What a prober asks of the database. Each raises django.db.Error while it cannot be reached."""

    version: Callable[[], str]
    targets: Callable[[], list[ProbeTarget]]
    record: Callable[[Sequence[VantageChange]], object]


class Prober:
    def __init__(
        self,
        database: Database,
        *,
        allow_private: bool,
        clock: Callable[[], float] = time.monotonic,
        observe: Observe | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._recorder = Recorder(database.record)
        self._loop = ProbeLoop(self._recorder.add, allow_private=allow_private, observe=observe)
        self._agenda: Agenda[Key] = Agenda()
        self._targets: dict[Key, ProbeTarget] = {}
        self._turn = threading.Lock()  # guards the two above
        self._looking = threading.Lock()  # guards the three below
        self._version = ""
        self._look_at_ms = 0
        self._reload_at_ms = 0

    def tick(self) -> None:
        """Start every probe that is due; then see whether the targets have changed."""
        now_ms = int(self._clock() * 1000)
        with self._turn:
            self._loop.start([self._targets[key] for key in self._agenda.take_due(now_ms)])
        # While the database keeps one tick waiting, the others go on with the targets known.
        if self._looking.acquire(blocking=False):
            try:
                self._look(now_ms)
            finally:
                self._looking.release()

    def close(self) -> None:
        """Abandon the probes under way, record what is known, end the threads."""
        self._loop.close()
        self._recorder.close()

    def _look(self, now_ms: int) -> None:
        if now_ms < self._look_at_ms:
            return
        self._look_at_ms = now_ms + LOOK_EVERY_MS
        try:
            version = self._database.version()
            if version != self._version or now_ms >= self._reload_at_ms:
                self._adopt(self._database.targets(), now_ms)
                self._version, self._reload_at_ms = version, now_ms + RELOAD_EVERY_MS
        except Error as error:
            logger.warning("the targets cannot be read, going on with %d known ones: %s", len(self._targets), error)

    def _adopt(self, targets: list[ProbeTarget], now_ms: int) -> None:
        self._loop.adopt(targets)
        with self._turn:
            self._targets = {target.key: target for target in targets}
            self._agenda.replace({target.key: target.interval_ms for target in targets}, now_ms)
