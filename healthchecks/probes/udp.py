"""UDP: a datagram is sent; optionally something is expected in the reply.

Without `expect` silence is no failure, as most services answer nothing they do not understand; a closed port is: the
kernel hears of it by ICMP and tells whoever has connected the socket.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import Field

from healthchecks.probes.base import Peer, Probe, Seen

MAX_DATAGRAM = 65535


class UdpProbe(Probe):
    send: str = Field("", max_length=1024, description="As UTF-8; empty: an empty datagram.")
    expect: str | None = Field(
        None, min_length=1, max_length=1024, description="In one reply; empty: none is needed, a closed port fails."
    )

    async def attempt(self, peer: Peer) -> Seen:
        with connected(peer) as connection:
            connection.send(self.send.encode())  # a datagram goes at once; the loop would leave out an empty one
            if self.expect:
                await _receive_until(connection, self.expect)
                return Seen(f"received {self.expect!r}")
            return Seen(await _silence_or_reply(connection, peer.timeout_s / 2))


@contextmanager
def connected(peer: Peer) -> Iterator[socket.socket]:
    """A socket that hears of nobody but `peer`, and of its closed port."""
    family = socket.AF_INET6 if ":" in peer.address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as connection:
        connection.setblocking(False)
        connection.connect((peer.address, peer.port))
        yield connection


async def _receive_until(connection: socket.socket, expected: str) -> None:
    """Replies without it are let pass: who has sent one may send another."""
    while expected.encode() not in await asyncio.get_running_loop().sock_recv(connection, MAX_DATAGRAM):
        pass


async def _silence_or_reply(connection: socket.socket, patience_s: float) -> str:
    """Raises ConnectionRefusedError if the port is closed."""
    try:
        async with asyncio.timeout(patience_s):
            await asyncio.get_running_loop().sock_recv(connection, MAX_DATAGRAM)
    except TimeoutError:
        return "sent, and nothing said that the port is closed"
    return "a reply"
