"""Real servers on loopback that behave well or badly, and a probe of them."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from healthchecks.probes import Outcome, Target, open_session, read_options, run

PLENTY_S = 20.0
SHORT_S = 0.3

TURNS_TO_END = 5
"""Of the event loop: a connection that was accepted at the last moment begins, is aborted, and closes its socket."""

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Serve every connection with `handler`; gives the port. Connections are closed at the end."""
    connections: set[asyncio.StreamWriter] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not server.is_serving():  # accepted while the server was closing
            writer.transport.abort()
        connections.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await handler(reader, writer)
        writer.close()

    server = await asyncio.start_server(handle, host, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in connections:
            writer.transport.abort()
        await server.wait_closed()
        for _ in range(TURNS_TO_END):
            await asyncio.sleep(0)


def answering(answer: bytes, seen: list[bytes] | None = None) -> Handler:
    """Reads a request's head, answers, closes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            seen.append(head)
        writer.write(answer)
        await writer.drain()

    return handle


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accepts, reads, never answers."""
    while await reader.read(1024):
        pass


async def closing(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Hangs up at once."""


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A good status and a body without an end."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A header now and then, for ever."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: 1\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def probe(
    kind: str,
    port: int,
    options: Mapping[str, object] | None = None,
    *,
    host: str = "127.0.0.1",
    timeout_s: float = PLENTY_S,
    allow_private: bool = True,
) -> Outcome:
    """What one probe of `host` sees."""
    async with open_session() as session:
        target = Target(host, port, timeout_s)
        outcome = await run(read_options(kind, options or {}), target, session, allow_private=allow_private)
    assert outcome is not None
    return outcome
