"""Stores what probes saw once a minute, in a thread of its own.

    minute ends ─► a moment of this process' own ─► batches, each stored whole or not at all ─► forgotten here

While the database cannot be reached the last minutes wait here. A batch that was stored although this process was told
otherwise is stored again: its rows replace the earlier ones, since a row is named by the process that counted it.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence

from django.db import Error, close_old_connections, connections

from healthchecks.history.minute_log import MINUTE_S, MinuteLog, MinuteRow
from healthchecks.probes import Outcome
from healthchecks.targets import Key

logger = logging.getLogger(__name__)

SPREAD_S = 20
"""Processes store within so many seconds of the end of a minute, each at its own."""
RETRY_S = 5.0
KEEP_S = 600
"""How long a minute waits for the database. Hours are added up later than this (rollup.SETTLED_AFTER)."""
BATCH = 2000
"""Rows in one statement: to write them as JSON takes some milliseconds, in which nobody else of the process runs."""


class MinuteWriter:
    """`store(writer, rows)` raises django.db.Error if it could not; `writer` names this process among all."""

    def __init__(
        self,
        store: Callable[[int, Sequence[MinuteRow]], None],
        *,
        clock: Callable[[], float] = time.time,
        retry_s: float = RETRY_S,
    ) -> None:
        self._store = store
        self._clock = clock
        self._retry_s = retry_s
        self._writer = secrets.randbits(63)
        self._phase_s = self._writer % SPREAD_S
        self._log = MinuteLog()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def observe(self, key: Key, outcome: Outcome) -> None:
        """Count an outcome. Never blocks for long."""
        self._log.note(key, outcome, self._clock())

    def flush(self, now: float) -> bool:
        """Store the minutes that are over; False: the database cannot be reached, and they wait."""
        lost = self._log.forget_before(now - KEEP_S)
        if lost:
            logger.warning("%d minutes of targets are lost: the database was away for too long", lost)
        rows = self._log.ended(now)
        try:
            for start in range(0, len(rows), BATCH):
                batch = rows[start : start + BATCH]
                self._store(self._writer, batch)
                self._log.forget(batch)
        except Error as error:
            logger.warning("what probes saw waits for the database: %s", error)
            return False
        return True

    def close(self) -> None:
        """Store what is known, the minute under way included, and end the thread."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            stored = True
            while not self._closing.wait(self.until_next() if stored else self._retry_s):
                close_old_connections()
                stored = self.flush(self._clock())
                if not stored:
                    connections.close_all()
            self.flush(self._clock() + MINUTE_S)
        finally:
            connections.close_all()

    def until_next(self) -> float:
        """Seconds until this process stores again."""
        return MINUTE_S - (self._clock() - self._phase_s) % MINUTE_S
