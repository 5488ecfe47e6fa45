"""The client of the edge feed. What it returns is what came; whether it may be served is decided elsewhere."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
from yarl import URL

from edge.framed import framed
from edge.server_sent_events import Event, EventParser, EventStreamError
from edge.trust.manifests import HEADER as SIGNATURE

PATH = "/edge/v1"
FORMAT = 2
"""Of manifests: the newest that the responder reads. A feed that knows no other than 1 gives that."""
MAX_MANIFEST = 256 * 2**20
MAX_CHUNK = 2**30
MAX_TRUST = 2**24
MAX_LATENCY = 2**30
MAX_DETAIL = 500
CONNECT_S = 5.0
SILENCE_S = 15.0
"""The feed sends a heartbeat every few seconds: a stream silent for longer is dead."""


class FeedError(Exception):
    """The feed did not give what was asked for. `status` None: there was no answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Download:
    content: bytes
    etag: str | None
    signature: str | None


class Feed:
    """The calls of a feed. Each raises FeedError. `url`: of the web process, with or without `/edge/v1`."""

    def __init__(self, url: str, token: str) -> None:
        self.heard: float | None = None  # by the monotonic clock: the last octets of the event stream, heartbeats too
        self._gives_many = True
        self._base = URL(url.rstrip("/").removesuffix(PATH) + PATH + "/")
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {token}"},
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_S, sock_connect=CONNECT_S, sock_read=SILENCE_S),
        )

    async def close(self) -> None:
        await self._session.close()

    async def manifest(self, etag: str | None) -> Download | None:
        """The newest manifest; None: still the one of `etag`."""
        self._gives_many = True  # it may be another one by now
        conditions = {"If-None-Match": etag} if etag else {}
        async with self._call("GET", f"manifest?format={FORMAT}", headers=conditions) as response:
            if response.status == HTTPStatus.NOT_MODIFIED:
                return None
            content, headers = await _read(response, MAX_MANIFEST), response.headers
            return Download(content, headers.get("ETag"), headers.get(SIGNATURE))

    async def trust(self, since: int) -> bytes | None:
        """Statements of trust behind the one numbered `since`, and who this node is; None: the feed knows of none."""
        try:
            async with self._call("GET", f"trust?since={since}") as response:
                return await _read(response, MAX_TRUST)
        except FeedError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def chunk(self, digest: str) -> bytes:
        async with self._call("GET", f"chunks/{digest}") as response:
            return await _read(response, MAX_CHUNK)

    async def chunks(self, digests: Sequence[str]) -> list[bytes]:
        """The contents of the first of the digests, of one or more: as many as the feed gives at once."""
        if len(digests) > 1 and self._gives_many:
            try:
                async with self._call("POST", "chunks", json=list(digests)) as response:
                    return list(framed(await _read(response, MAX_CHUNK)))
            except FeedError as error:
                if error.status not in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
                    raise
                self._gives_many = False  # of the release before, or one of these is gone: the next line says which
        return [await self.chunk(digest) for digest in digests[:1]]

    async def latency(self, since: int) -> bytes:
        """Messages that lead from the latency map `since` to the newest, each behind its length; empty: none."""
        async with self._call("GET", f"latency?since={since}") as response:
            return await _read(response, MAX_LATENCY)

    async def events(self, last_event_id: int | None) -> AsyncGenerator[Event]:
        """Events until the feed ends the stream. `last_event_id`: the health sequence that is known."""
        headers = {"Accept": "text/event-stream"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id)
        parser = EventParser()
        async with self._call("GET", "events", headers=headers) as response:
            async for octets in response.content.iter_any():
                self.heard = time.monotonic()
                for event in parser.feed(octets):
                    yield event

    async def report(self, report: dict[str, Any]) -> None:
        async with self._call("POST", "report", json=report):
            return

    @asynccontextmanager
    async def _call(self, method: str, path: str, **options: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        try:
            async with self._session.request(method, self._base.join(URL(path)), **options) as response:
                if response.status >= HTTPStatus.BAD_REQUEST:
                    raise FeedError(await _refusal(path, response), response.status)
                yield response
        except (aiohttp.ClientError, TimeoutError, EventStreamError) as error:
            raise FeedError(f"{path}: {str(error) or type(error).__name__}") from error


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    content = bytearray()
    async for octets in response.content.iter_any():
        content += octets
        if len(content) > limit:
            raise FeedError(f"{response.url.path}: longer than {limit} octets")
    return bytes(content)


async def _refusal(path: str, response: aiohttp.ClientResponse) -> str:
    if response.status == HTTPStatus.UNAUTHORIZED:
        return f"{path}: the feed does not know this node's token: create a new one and restart the edge with it"
    detail = (await response.content.read(MAX_DETAIL)).decode(errors="replace")
    return f"{path}: status {response.status}: {detail}"
