"""What this process tells the edges connected to it: read once from the database, handed to any number of them.

Listener ── note ──► Bulletin reads what the note is about ──► newer? ──► every stream wakes and takes what it lacks
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from contextvars import Context

from django.db import DatabaseError, close_old_connections, connection

from common.notify import Listener, listener
from healthchecks.reading import Delta, HealthState
from healthchecks.services import current_health, deltas_since
from latency.services import newest_map
from snapshots.health_log import HealthLog
from snapshots.models import Snapshot

log = logging.getLogger(__name__)


class Bulletin:
    """The published generation, the newest latency map and the health, kept up to date while anyone reads.

    They are None until they are read for the first time, and while there is none; a database that does not answer
    leaves them as they were. `changed` is set when one becomes another, and a new event then takes its place.
    """

    def __init__(self, news: Listener) -> None:
        self._news = news
        self._readers = 0
        self._task: asyncio.Task[None] | None = None
        self.generation: int | None = None
        self.latency: int | None = None
        self.health: HealthLog | None = None
        self.changed = asyncio.Event()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Keep up to date within."""
        self._readers += 1
        if self._task is None:
            self.generation, self.latency, self.health = None, None, None
            # Of its own, not of the request that came first: that one's threads end with it.
            self._task = asyncio.get_running_loop().create_task(self._follow(), context=Context())
        try:
            yield
        finally:
            self._readers -= 1
            if self._readers == 0:
                await self._stop()

    async def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _follow(self) -> None:
        with ThreadPoolExecutor(1, "bulletin") as thread:
            try:
                async with self._news.subscribe() as mailbox:
                    while True:
                        for note in await mailbox.take():
                            await self._look(note.channel, thread)
            finally:
                thread.submit(_close_connection)

    async def _look(self, channel: str, thread: Executor) -> None:
        """Read what `channel` is about, and wake the readers if it is new."""
        loop = asyncio.get_running_loop()
        before = self._versions
        try:
            if channel == "generation":
                self.generation = await loop.run_in_executor(thread, _newest_generation)
            elif channel == "latency":
                self.latency = await loop.run_in_executor(thread, _newest_map)
            else:
                sequence = self.health.sequence if self.health else None
                self._learn(await loop.run_in_executor(thread, _health_since, sequence))
        except DatabaseError as error:
            log.warning("the database does not answer, telling edges what is known: %s", str(error).strip())
        if self._versions != before:
            self.changed.set()
            self.changed = asyncio.Event()

    @property
    def _versions(self) -> tuple[int | None, int | None, int | None]:
        return self.generation, self.latency, self.health.sequence if self.health else None

    def _learn(self, news: HealthState | list[Delta]) -> None:
        if isinstance(news, HealthState):
            self.health = HealthLog(news)
        elif self.health is not None:
            self.health.extend(news)


bulletin = Bulletin(listener)
"""The one of this process."""


def _newest_generation() -> int | None:
    close_old_connections()
    return Snapshot.objects.order_by("-generation").values_list("generation", flat=True).first()


def _newest_map() -> int | None:
    close_old_connections()
    return newest_map()


def _health_since(sequence: int | None) -> HealthState | list[Delta]:
    close_old_connections()
    deltas = None if sequence is None else deltas_since(sequence)
    return current_health() if deltas is None else deltas


def _close_connection() -> None:
    connection.close()  # looked up where it runs: each thread has its own
