"""News as server-sent events, for whoever has a page open. Nothing is sent while nothing has happened.

The newest marks are read for all streams of this process together, at most once a second; a stream whose own lie behind
them then asks what its user may know of what lies between.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import TypeVar

from django.contrib.auth.decorators import login_required
from django.db import DatabaseError, close_old_connections
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse

from accounts.models import User
from common.notify import listener
from dashboard.news import Item, Marks, newest_marks, news_between

T = TypeVar("T")

GATHER_S = 2.0
"""What happens within it is told at once: nobody reads faster."""
FRESH_S = 1.0
HEARTBEAT_S = 20.0
"""Proxies and browsers give up streams that say nothing for a minute or so."""
LIFETIME_S = 600.0
"""A stream ends now and then, so that the browser's next one is asked for its login again."""

_reader = ThreadPoolExecutor(1, "news")


class NewestMarks:
    """The newest marks, read from the database at most once in FRESH_S however many ask."""

    def __init__(self, read: Callable[[], Awaitable[Marks]]) -> None:
        self._read = read
        self._at = float("-inf")
        self._marks: Marks | None = None

    async def get(self) -> Marks:
        now = asyncio.get_running_loop().time()
        if self._marks is None or now - self._at >= FRESH_S:
            self._at = now
            self._marks = await self._read()
        return self._marks


@login_required
async def news(request: HttpRequest) -> HttpResponseBase:
    """Events named `news`, each a JSON list of items. `Last-Event-ID` is how far a browser has read."""
    user = await request.auser()
    assert isinstance(user, User)  # noqa: S101 - login_required has seen to it
    stream = told(partial(_news, user), newest, Marks.read(request.headers.get("Last-Event-ID", "")))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(stream, content_type="text/event-stream", headers=headers)


async def told(
    between: Callable[[Marks, Marks], Awaitable[list[Item]]], marks: NewestMarks, read: Marks | None
) -> AsyncGenerator[str, None]:
    """Events for who has read up to `read`; for a new reader, of what happens from now on."""
    loop = asyncio.get_running_loop()
    end = quiet_since = loop.time()
    end += LIFETIME_S
    async with listener.subscribe() as mailbox:
        while loop.time() < end:
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_S):
                    await mailbox.take()
            with suppress(DatabaseError):
                until = await marks.get()
                items = await between(read, until) if read is not None and read != until else []
                if read is None or items:
                    quiet_since = loop.time()
                    yield event(items, until)
                read = until
            if loop.time() - quiet_since >= HEARTBEAT_S:
                quiet_since = loop.time()
                yield ":\n\n"
            await asyncio.sleep(GATHER_S)


def event(items: list[Item], marks: Marks) -> str:
    """One server-sent event; one without items says how far a new reader has read."""
    name = "news" if items else "read"
    return f"id: {marks}\nevent: {name}\ndata: {json.dumps([asdict(item) for item in items])}\n\n"


async def _in_thread(read: Callable[[], T]) -> T:
    def reading() -> T:
        close_old_connections()
        return read()

    return await asyncio.get_running_loop().run_in_executor(_reader, reading)


async def _news(user: User, before: Marks, until: Marks) -> list[Item]:
    return await _in_thread(partial(news_between, user, before, until))


async def _newest() -> Marks:
    return await _in_thread(newest_marks)


newest = NewestMarks(_newest)
"""Those of this process."""
