"""News between processes over Postgres: LISTEN and NOTIFY.

    transaction ── notify() ──► Postgres ──► Listener (one connection a process) ──┬──► subscriber
                                                                                   └──► subscriber

A notification carries a number and nothing else, and it can be lost while a connection is down. So a note without a
number, "look again", comes after each reconnect and every few seconds: a subscriber that reads the database at each
note is never out of date for longer than RECHECK_S.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection
from psycopg import sql

CHANNELS = ("generation", "health", "latency")
RECHECK_S = 3.0
RECONNECT_S = 1.0
DJANGO_ONLY = {"context", "cursor_factory", "prepare_threshold"}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Note:
    """Something happened on `channel`; `number` None: something may have happened, look again."""

    channel: str
    number: int | None


def notify(channel: str, number: int) -> None:
    """Tell listeners `number` on `channel` once the present transaction commits."""
    if channel not in CHANNELS:
        raise ValueError(f"no channel {channel!r}: add it to common.notify.CHANNELS")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [channel, str(number)])


class Mailbox:
    """The news of one subscriber that it has not read yet: the last note of each channel, so that it never grows."""

    def __init__(self) -> None:
        self._notes = {channel: Note(channel, None) for channel in CHANNELS}
        self._filled = asyncio.Event()
        self._filled.set()

    def put(self, note: Note) -> None:
        self._notes[note.channel] = note
        self._filled.set()

    async def take(self) -> list[Note]:
        """What has come since the last call, waiting until there is something."""
        await self._filled.wait()
        self._filled.clear()
        notes, self._notes = list(self._notes.values()), {}
        return notes


class Listener:
    """Puts what one connection hears into any number of mailboxes. Connected while there are subscribers."""

    def __init__(self) -> None:
        self._mailboxes: set[Mailbox] = set()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def subscribe(self) -> AsyncIterator[Mailbox]:
        """A mailbox of all channels that starts with "look again".

        async with listener.subscribe() as mailbox:
            while True:
                for note in await mailbox.take(): ...
        """
        mailbox = Mailbox()
        self._mailboxes.add(mailbox)
        if self._task is None:
            self._task = asyncio.create_task(self._listen())
        try:
            yield mailbox
        finally:
            self._mailboxes.discard(mailbox)
            if not self._mailboxes:
                await self._stop()

    async def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except (psycopg.Error, OSError) as error:
                log.warning("listening to Postgres stopped, trying again: %s", str(error).strip())
            await asyncio.sleep(RECONNECT_S)

    async def _hear(self) -> None:
        async with await psycopg.AsyncConnection.connect(**_connection_parameters(), autocommit=True) as heard:
            for channel in CHANNELS:
                await heard.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            while True:
                for channel in CHANNELS:
                    self._put(Note(channel, None))
                async for notification in heard.notifies(timeout=RECHECK_S):
                    self._put(_note(notification))

    def _put(self, note: Note) -> None:
        for mailbox in self._mailboxes:
            mailbox.put(note)


listener = Listener()
"""The one of this process."""


def _note(notification: psycopg.Notify) -> Note:
    payload = notification.payload
    return Note(notification.channel, int(payload) if payload.isdecimal() else None)


def _connection_parameters() -> dict[str, Any]:
    """Where Django's own connection goes, without what is particular to Django."""
    parameters = connection.get_connection_params()
    return {key: value for key, value in parameters.items() if key not in DJANGO_ONLY}
