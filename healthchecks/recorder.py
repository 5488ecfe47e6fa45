"""Brings what the prober has come to believe into the database, in a thread of its own.

While the database cannot be reached the changes wait here, the last one of each target, and are tried again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from django.db import Error, close_old_connections, connections

logger = logging.getLogger(__name__)

RETRY_S = 0.5
BEAT_VALID_S = 3.0
"""Less than it takes to count as silent."""
MAX_BATCH = 1000
"""Changes in one transaction: what others wait for at most."""


class Change(Protocol):
    """Something new about one family of an endpoint under one check from one vantage."""

    @property
    def assignment_id(self) -> int: ...
    @property
    def family(self) -> int: ...
    @property
    def vantage_id(self) -> int: ...


New = TypeVar("New", bound=Change)


class Recorder(Generic[New]):
    """`record` stores changes and raises django.db.Error if it could not."""

    def __init__(self, record: Callable[[Sequence[New]], object], *, retry_s: float = RETRY_S) -> None:
        self._record = record
        self._retry_s = retry_s
        self._pending: dict[tuple[int, int, int], New] = {}
        self._next_beat: Callable[[], object] | None = None
        self._beat_until_s = 0.0
        self._news = threading.Condition()  # guards the three above
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health-recorder", daemon=True)
        self._thread.start()

    def add(self, change: New) -> None:
        """Have `change` recorded soon, instead of an older one about the same that still waits."""
        with self._news:
            self._pending[change.assignment_id, change.family, change.vantage_id] = change
            self._news.notify()

    def beat(self, beat: Callable[[], object]) -> None:
        """Call `beat` once nothing waits any more: who hears of it has all that was believed before.

        One that had to wait for longer than BEAT_VALID_S is dropped: it would say that this process is well now.
        """
        with self._news:
            self._next_beat, self._beat_until_s = beat, time.monotonic() + BEAT_VALID_S
            self._news.notify()

    def close(self) -> None:
        """Record what waits, if that can be done now, and stop."""
        self._closing.set()
        with self._news:
            self._news.notify()
        self._thread.join()

    def _run(self) -> None:
        try:
            while self._wait():
                if batch := self._next_batch():
                    if not self._try(batch) and self._closing.wait(self._retry_s):
                        return
                else:
                    self._try_to_beat()
        finally:
            connections.close_all()

    def _wait(self) -> bool:
        """Wait until there is something to do; false: nothing is left, and it is to close."""
        with self._news:
            self._news.wait_for(lambda: self._pending or self._next_beat or self._closing.is_set())
            return bool(self._pending) or not self._closing.is_set()

    def _next_batch(self) -> list[New]:
        """The oldest changes; they stay pending until they are recorded."""
        with self._news:
            return list(self._pending.values())[:MAX_BATCH]

    def _try_to_beat(self) -> None:
        with self._news:
            beat, self._next_beat = self._next_beat, None
        try:
            close_old_connections()
            if beat and time.monotonic() < self._beat_until_s:
                beat()
        except Error as error:
            logger.warning("no heartbeat: %s", error)
            connections.close_all()

    def _try(self, batch: list[New]) -> bool:
        try:
            close_old_connections()
            self._record(batch)
        except Error as error:
            logger.warning("%d changes of health wait for the database: %s", len(batch), error)
            connections.close_all()
            return False
        self._forget(batch)
        return True

    def _forget(self, batch: list[New]) -> None:
        with self._news:
            for change in batch:
                key = change.assignment_id, change.family, change.vantage_id
                if self._pending.get(key) is change:
                    del self._pending[key]
