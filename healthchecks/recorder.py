"""Brings what the prober has come to believe into the database, in a thread of its own.

While the database cannot be reached the changes wait here, the last one of each target, and are tried again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from django.db import Error, close_old_connections, connections

logger = logging.getLogger(__name__)

RETRY_S = 0.5
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
        self._news = threading.Condition()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="health-recorder", daemon=True)
        self._thread.start()

    def add(self, change: New) -> None:
        """Have `change` recorded soon, instead of an older one about the same that still waits."""
        with self._news:
            self._pending[change.assignment_id, change.family, change.vantage_id] = change
            self._news.notify()

    def close(self) -> None:
        """Record what waits, if that can be done now, and stop."""
        self._closing.set()
        with self._news:
            self._news.notify()
        self._thread.join()

    def _run(self) -> None:
        try:
            while batch := self._next_batch():
                if not self._try(batch) and self._closing.wait(self._retry_s):
                    return
        finally:
            connections.close_all()

    def _next_batch(self) -> list[New]:
        """Wait for changes and return the oldest; they stay pending until they are recorded. None: closing."""
        with self._news:
            self._news.wait_for(lambda: self._pending or self._closing.is_set())
            return list(self._pending.values())[:MAX_BATCH]

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
