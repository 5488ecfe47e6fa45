"""Real servers on loopback that behave well or badly, and a probe of them."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from healthchecks.probes import Outcome, Probe, Target, read_options, run
from healthchecks.probes.polling import Poller
from healthchecks.probes.running import direct_peer

PLENTY_S = 20.0
SHORT_S = 0.3

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Serve every connection with `handler`; gives the port. Every connection is closed at the end.

    Accepts by itself: asyncio's server leaves a socket open that it accepted in the turn in which it is closed.
    """
    loop = asyncio.get_running_loop()
    connections: dict[socket.socket, asyncio.Task[None]] = {}

    async def converse(connection: socket.socket) -> None:
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        with suppress(OSError, asyncio.IncompleteReadError):
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection, ssl=tls)
            writer = asyncio.StreamWriter(transport, protocol, reader, loop)
            try:
                await handler(reader, writer)
                writer.close()
                await writer.wait_closed()
            finally:
                transport.abort()

    def accept() -> None:
        with suppress(OSError):  # who called has hung up
            connection, _ = listener.accept()
            connection.setblocking(False)
            connections[connection] = loop.create_task(converse(connection))

    async def close() -> None:
        loop.remove_reader(listener)
        listener.close()
        await asyncio.sleep(0)  # every conversation has begun, and so closes what it was given
        for connection, conversation in connections.items():
            conversation.cancel()
            await asyncio.wait([conversation])
            while connection.fileno() != -1:  # noqa: ASYNC110 - what is looked at announces nothing
                await asyncio.sleep(0)

    listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setblocking(False)
    loop.add_reader(listener, accept)
    try:
        yield listener.getsockname()[1]
    finally:
        await close()


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


async def polled(probe: Probe, target: Target, *, allow_private: bool) -> Outcome | None:
    """As `run`, by the poller where it can."""
    peer = direct_peer(target)
    dialogues = probe.dialogues(peer) if peer else None
    if peer is None or dialogues is None:
        return await run(probe, target, allow_private=allow_private)
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Outcome | None] = loop.create_future()
    poller = Poller(loop, allow_private=allow_private)
    try:
        poller.begin(peer, dialogues(), outcome.set_result)
        return await outcome
    finally:
        poller.close()


ask = run
"""How `probe` does it: `run` or `polled`."""


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
    outcome = await ask(read_options(kind, options or {}), Target(host, port, timeout_s), allow_private=allow_private)
    assert outcome is not None
    return outcome
