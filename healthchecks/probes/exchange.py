"""One HTTP/1.1 request on a connection of its own: what a probe needs of HTTP, and no more of a client.

    connect ─► TLS, if asked for ─► request ─► header ─► as much of the body as is wanted ─► abort

A vantage does this thousands of times a second, so nothing here is shared, kept alive or made twice. Answers are parsed
by llhttp, which is what browsers' servers use too.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from healthchecks.probes.base import Certificate, Peer, ProbeError
from healthchecks.probes.handshake import certificate_of, failure

MOST_HEADER = 64 * 1024
MOST_FIELDS = 256
"""Octets and fields before the body: more is no answer of a server that works."""
COMMON = {"User-Agent": "trafficmgr", "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
SWITCHING, FIRST_FINAL_STATUS = 101, 200
FRAMING = {b"content-length", b"transfer-encoding"}


@dataclass(frozen=True, slots=True)
class Request:
    """`octets` as they are sent. `most_body`: of the answer, as many octets as are wanted; 0: its header is enough."""

    octets: bytes
    is_head: bool = False
    most_body: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """`body`: its beginning, as far as it was wanted."""

    status: int
    body: bytes
    certificate: Certificate | None


def request(method: str, path: str, headers: Mapping[str, str], content: bytes = b"", *, most_body: int = 0) -> Request:
    """`headers` besides those of every request; they and `path` are ASCII, and have been looked at."""
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in {**COMMON, **headers}.items()]
    if content:
        lines.append(f"Content-Length: {len(content)}")
    octets = "\r\n".join([*lines, "", ""]).encode() + content
    return Request(octets, is_head=method == "HEAD", most_body=most_body)


async def exchange(
    peer: Peer, request: Request, *, tls: ssl.SSLContext | None = None, server_name: str | None = None
) -> Answer:
    """What `peer` answers. Raises ProbeError for what is no answer, OSError. Whoever calls this bounds its time."""
    loop = asyncio.get_running_loop()
    conversation = _Conversation(request, loop.create_future())
    try:
        transport, _protocol = await loop.create_connection(
            lambda: conversation, peer.address, peer.port, ssl=tls, server_hostname=server_name
        )
    except ssl.SSLError as error:
        raise failure(error) from error
    try:
        await conversation.ended
    except ProbeError as error:
        error.certificate = certificate_of(transport)
        raise
    finally:
        transport.abort()
    return Answer(conversation.reading.status, bytes(conversation.reading.body), certificate_of(transport))


class Reading:
    """The answer to a request, taken in as it comes; also what the parser calls: the `on_…` methods."""

    def __init__(self, request: Request) -> None:
        self._is_head, self._most_body = request.is_head, request.most_body
        self._parser = HttpResponseParser(self)
        self._header_octets = 0
        self._fields = 0
        self._in_body = False
        self._is_framed = False
        self._is_over = False
        self._problem = ""
        self.body = bytearray()

    @property
    def status(self) -> int:
        return int(self._parser.get_status_code())

    def take(self, octets: bytes) -> bool:
        """Whether that is all that is wanted. Raises ProbeError."""
        if not self._in_body:
            self._header_octets += len(octets)
        try:
            with suppress(HttpParserUpgrade):  # after an answer that is complete: what follows is not HTTP
                self._parser.feed_data(octets)
        except HttpParserError as error:
            self._fail(f"not an HTTP answer: {error}")
        if not self._in_body and self._header_octets > MOST_HEADER:
            self._fail("not an HTTP answer: its header does not end")
        if self._problem:
            raise ProbeError(self._problem)
        return self._is_over

    def end(self) -> None:
        """No more will come. Raises ProbeError if that is too little."""
        if not self._in_body or self._is_framed:
            raise ProbeError("not an HTTP answer: connection closed" + (" within the body" if self._in_body else ""))
        # RFC 9112 section 6.3: without a length, the body ends with the connection

    def on_header(self, name: bytes, value: bytes) -> None:
        self._is_framed |= name.lower() in FRAMING
        self._fields += 1
        if self._fields > MOST_FIELDS or len(name) + len(value) > MOST_HEADER:
            self._fail("not an HTTP answer: its header is too long")

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < FIRST_FINAL_STATUS and status != SWITCHING:  # RFC 9110 section 15.2: another one follows
            self._is_framed = False
            return
        self._in_body = True
        if self._is_head or not self._most_body:
            self._is_over = True

    def on_body(self, octets: bytes) -> None:
        self.body += octets[: self._most_body - len(self.body)]
        if len(self.body) >= self._most_body:
            self._is_over = True

    def on_message_complete(self) -> None:
        self._is_over |= self._in_body

    def _fail(self, reason: str) -> None:
        if not self._is_over:
            self._is_over, self._problem = True, reason


class _Conversation(asyncio.Protocol):
    def __init__(self, request: Request, ended: asyncio.Future[None]) -> None:
        self._request = request
        self.reading = Reading(request)
        self.ended = ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self._request.octets)  # type: ignore[attr-defined]  # of a stream

    def data_received(self, octets: bytes) -> None:
        if self.ended.done():
            return
        try:
            if self.reading.take(octets):
                self.ended.set_result(None)
        except ProbeError as error:
            self.ended.set_exception(error)

    def connection_lost(self, error: Exception | None) -> None:
        if self.ended.done():
            return
        try:
            if error is not None:
                raise error
            self.reading.end()
            self.ended.set_result(None)
        except (ProbeError, OSError) as problem:
            self.ended.set_exception(problem)
