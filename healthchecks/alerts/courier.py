"""Sends what is due, each message in a thread of its own, so that a receiver that hangs keeps no other waiting."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from django.db import connections

from healthchecks.alerts.delivering import settle, take
from healthchecks.alerts.models import Attempt
from healthchecks.alerts.sending import send

logger = logging.getLogger(__name__)

THREADS = 16


def utc_now() -> datetime:
    return datetime.now(UTC)


class Courier:
    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self._clock = clock
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="courier")
        self._free = THREADS
        self._counting = threading.Lock()

    def deliver(self) -> int:
        """Start sending what is due, as far as threads are free; returns how many messages. Waits for none."""
        with self._counting:
            attempts = take(self._clock(), self._free)
            self._free -= len(attempts)
        for attempt in attempts:
            self._threads.submit(self._carry, attempt)
        return len(attempts)

    def close(self) -> None:
        """Wait for what is under way."""
        self._threads.shutdown()

    def _carry(self, attempt: Attempt) -> None:
        try:
            delivery = attempt.delivery
            answer = send(delivery.channel, message_id(delivery.pk), delivery.message, self._clock())
            settle(attempt, answer, self._clock(), random.random())  # noqa: S311 - spreads pauses, keeps no secret
        except Exception:
            logger.exception("delivery %d is sent again once its lease is over", attempt.delivery_id)
        finally:
            connections.close_all()
            with self._counting:
                self._free += 1


def message_id(delivery_id: int) -> str:
    """What a receiver tells messages apart by."""
    return f"msg_{delivery_id}"
