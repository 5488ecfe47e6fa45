"""Round trips from this machine: what the kernel measured of a TCP handshake, so that no busy process is in them."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Sequence
from typing import NamedTuple

TIMEOUT_S = 5.0
AT_ONCE = 256
RTT_US = struct.Struct("@68xI")
"""`tcpi_rtt` of `struct tcp_info` (linux/tcp.h): 8 octets and 15 numbers of 32 bits come before it."""


class Peer(NamedTuple):
    address: str
    port: int


def round_trips_ms(peers: Sequence[Peer]) -> list[float | None]:
    """One of each peer, in their order; None: it did not answer within TIMEOUT_S."""
    return asyncio.run(_all(peers))


async def _all(peers: Sequence[Peer]) -> list[float | None]:
    slots = asyncio.Semaphore(AT_ONCE)
    return await asyncio.gather(*(_round_trip_ms(peer, slots) for peer in peers))


async def _round_trip_ms(peer: Peer, slots: asyncio.Semaphore) -> float | None:
    try:
        async with slots, asyncio.timeout(TIMEOUT_S):
            _reader, writer = await asyncio.open_connection(*peer)
    except (OSError, TimeoutError):
        return None
    try:
        told: bytes = writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, RTT_US.size)
    finally:
        writer.close()
    (rtt_us,) = RTT_US.unpack(told)
    return rtt_us / 1000 or None
