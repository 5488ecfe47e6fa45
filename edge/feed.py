"""The client of the edge feed. What it returns is what came; whether it may be served is decided elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
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
MAX_ANSWER = 64 * 2**10
REPORT_ACCEPTS = "Report-Accepts"
PASSED_DOWN = ("Content-Type", "WWW-Authenticate", REPORT_ACCEPTS)
CONNECT_S = 5.0
SILENCE_S = 15.0
"""The feed sends a heartbeat every few seconds: a stream silent for longer is dead."""
SILENCE_BESIDE_OTHERS_S = 6.0
"""Where another feed can be followed instead: giving up one that lives costs little."""


class FeedError(Exception):
    """The feed did not give what was asked for. `status` None: there was no answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Download:
    content: bytes
    signature: str | None


@dataclass(frozen=True, slots=True)
class Passed:
    """What a feed answered to something that a relay passed up."""

    status: int
    headers: dict[str, str]
    body: bytes


class Feed:
    """The calls of a feed. Each raises FeedError. `url`: of the web process or relay, with or without `/edge/v1`."""

    def __init__(self, url: str, token: str, *, silence_s: float = SILENCE_S) -> None:
        self.heard: float | None = None  # by the monotonic clock: the last octets of the event stream, heartbeats too
        self._gives_many = True
        self._base = URL(url.rstrip("/").removesuffix(PATH) + PATH + "/")
        self.name = str(self._base.origin())
        self._stream: aiohttp.ClientResponse | None = None
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {token}"},
            timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_S, sock_connect=CONNECT_S, sock_read=silence_s),
        )

    def __str__(self) -> str:
        return self.name

    async def close(self) -> None:
        await self._session.close()

    async def manifest(self, etag: str | None) -> Download | None:
        """The newest manifest; None: still the one of `etag`."""
        self._gives_many = True  # it may be another one by now
        conditions = {"If-None-Match": etag} if etag else {}
        async with self._call("GET", f"manifest?format={FORMAT}", headers=conditions) as response:
            if response.status == HTTPStatus.NOT_MODIFIED:
                return None
            return Download(await _read(response, MAX_MANIFEST), response.headers.get(SIGNATURE))

    async def trust(self, since: int) -> bytes | None:
        """Statements of trust behind the one numbered `since`, and who this node is; None: the feed knows of none."""
        try:
            async with self._call("GET", f"trust?since={since}") as response:
                return await _read(response, MAX_TRUST)
        except FeedError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def chunk(self, digest: str, via: Sequence[str] = ()) -> bytes:
        """`via`: the relays that ask for a follower, the nearest to it first."""
        headers = {"Via": written_via(via)} if via else {}
        async with self._call("GET", f"chunks/{digest}", headers=headers) as response:
            return await _read(response, MAX_CHUNK)

    async def chunks(self, digests: Sequence[str]) -> list[bytes]:
        """The contents of the first of the digests, of one or more: as many as the feed gives at once."""
        if len(digests) > 1 and self._gives_many:
            try:
                async with self._call("POST", "chunks", json=list(digests)) as response:
                    contents = list(framed(await _read(response, MAX_CHUNK)))
                if not contents:
                    raise FeedError(f"chunks: what came holds none, not even {digests[0]}")
                return contents
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
        parser = EventParser()
        async with self._call("GET", "events", headers=_stream_headers(last_event_id)) as response:
            self._stream = response
            async for octets in response.content.iter_any():
                self.heard = time.monotonic()
                for event in parser.feed(octets):
                    yield event

    def hang_up(self) -> None:
        """End the stream of `events`: who reads it gets FeedError."""
        if self._stream is not None:
            self._stream.close()

    async def first_events(self, last_event_id: int | None, seconds: float) -> list[Event]:
        """What a stream begins with, read for some seconds beside the one that is followed."""
        parser, events = EventParser(), list[Event]()
        async with self._call("GET", "events", headers=_stream_headers(last_event_id)) as response:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    async for octets in response.content.iter_any():
                        events += parser.feed(octets)
        return events

    async def report(self, report: dict[str, Any]) -> bool:
        """Whether the feed would also take the `condition` of a node: it is of a release that knows it."""
        async with self._call("POST", "report", json=report) as response:
            return "condition" in response.headers.get(REPORT_ACCEPTS, "")

    async def knows(self, authorization: str, etag: str) -> bool:
        """Whether who says `authorization` is a node: asks for the manifest in its name. `etag`: of one we have."""
        try:
            headers = {"Authorization": authorization, "If-None-Match": etag}
            async with self._call("GET", f"manifest?format={FORMAT}", headers=headers):
                return True
        except FeedError as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                return False
            raise

    async def pass_up(self, authorization: str, body: bytes) -> Passed:
        """A report of who says `authorization`, to the octet, and what becomes of it."""
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        return await self._pass("POST", "report", MAX_ANSWER, headers=headers, data=body)

    async def trust_of(self, authorization: str, since: str) -> Passed:
        """What the node that says `authorization` is told of whom to trust, behind the statement numbered `since`."""
        return await self._pass("GET", f"trust?since={since}", MAX_TRUST, headers={"Authorization": authorization})

    async def _pass(self, method: str, path: str, limit: int, **options: Any) -> Passed:
        try:
            async with self._session.request(method, self._base.join(URL(path)), **options) as response:
                if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise FeedError(await _refusal(path, response), response.status)
                kept = {name: response.headers[name] for name in PASSED_DOWN if name in response.headers}
                return Passed(response.status, kept, await _read(response, limit))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise FeedError(f"{path}: {str(error) or type(error).__name__}") from error

    @asynccontextmanager
    async def _call(self, method: str, path: str, **options: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        try:
            async with self._session.request(method, self._base.join(URL(path)), **options) as response:
                if response.status >= HTTPStatus.BAD_REQUEST:
                    raise FeedError(await _refusal(path, response), response.status)
                yield response
        except (aiohttp.ClientError, TimeoutError, EventStreamError) as error:
            raise FeedError(f"{path}: {str(error) or type(error).__name__}") from error


def written_via(relays: Sequence[str]) -> str:
    """As the header of that name says it (RFC 9110 section 7.6.3)."""
    return ", ".join(f"1.1 {relay}" for relay in relays)


def read_via(header: str) -> list[str]:
    """The names in it, of relays and of whatever else handed the request on."""
    return [words[1] for words in (hop.split() for hop in header.split(",")) if len(words) > 1]


def _stream_headers(last_event_id: int | None) -> dict[str, str]:
    known = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
    return {"Accept": "text/event-stream"} | known


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
