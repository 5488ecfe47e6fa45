"""A process that counts what the stream holds (stream.py), beside any number of others.

join ─► take ─► record: committed ─► done ─► take …
          ▲                    │
          └── after RETRY_S ───┘ stream or Postgres cannot be used
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from django.db import DatabaseError, close_old_connections

from telemetry.rum.services import record
from telemetry.rum.stream import Consumer, StreamError

WAIT_S, RETRY_S = 1.0, 1.0

log = logging.getLogger(__name__)


def count(consumer: Consumer, stop: threading.Event) -> None:
    """Count batches until `stop` is set. What a failure leaves is taken up later, by this consumer or another."""
    while not stop.is_set():
        try:
            consumer.join()
            while not stop.is_set():
                count_next(consumer)
        except (StreamError, DatabaseError) as error:
            log.warning("nothing is counted for %.0f s: %s", RETRY_S, error)
            stop.wait(RETRY_S)


def count_next(consumer: Consumer, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> int:
    """Count what comes next; waits for it a moment. Returns how many batches. Raises StreamError, DatabaseError."""
    taken = consumer.take(WAIT_S)
    if taken.ids:
        close_old_connections()
        record(taken.judged, now())
        consumer.done(taken)
    return len(taken.ids)
