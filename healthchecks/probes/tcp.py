"""TCP: a connection opens; optionally something is sent and something expected."""

from __future__ import annotations

import asyncio

from pydantic import Field

from healthchecks.probes.base import MAX_BODY, Peer, Probe, ProbeError, Seen

BLOCK = 4096


class TcpProbe(Probe):
    send: str | None = Field(None, min_length=1, max_length=1024, description="Sent once connected, as UTF-8.")
    expect: str | None = Field(None, min_length=1, max_length=1024, description="In the first 64 KiB received.")

    async def attempt(self, peer: Peer) -> Seen:
        reader, writer = await asyncio.open_connection(peer.address, peer.port)
        try:
            if self.send:
                writer.write(self.send.encode())
                await writer.drain()
            if self.expect:
                await _read_until(reader, self.expect)
        finally:
            writer.close()
        return Seen(f"received {self.expect!r}" if self.expect else "connected")


async def _read_until(reader: asyncio.StreamReader, expected: str) -> None:
    received = bytearray()
    while expected.encode() not in received:
        block = await reader.read(min(BLOCK, MAX_BODY - len(received)))
        if not block:
            raise ProbeError(f"received {len(received)} bytes without {expected!r}")
        received += block
