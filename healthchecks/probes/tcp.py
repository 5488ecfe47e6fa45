"""TCP: a connection opens; optionally something is sent and something expected."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from pydantic import Field

from healthchecks.probes.base import MAX_BODY, Dialogue, Peer, Probe, ProbeError, Seen

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
        return self.seen()

    def dialogues(self, _peer: Peer) -> Callable[[], Dialogue] | None:
        return partial(TcpDialogue, self)

    def seen(self) -> Seen:
        """What a probe that succeeded says."""
        return Seen(f"received {self.expect!r}" if self.expect else "connected")


class TcpDialogue(Dialogue):
    def __init__(self, probe: TcpProbe) -> None:
        self.sends = (probe.send or "").encode()
        self._probe = probe
        self._expected = (probe.expect or "").encode()
        self._received = bytearray()

    def connected(self) -> Seen | None:
        return None if self._expected else self._probe.seen()

    def received(self, octets: bytes) -> Seen | None:
        self._received += octets[: MAX_BODY - len(self._received)]
        if self._expected in self._received:
            return self._probe.seen()
        return self.closed() if len(self._received) == MAX_BODY else None

    def closed(self) -> Seen:
        raise ProbeError(f"received {len(self._received)} bytes without {self._probe.expect!r}")


async def _read_until(reader: asyncio.StreamReader, expected: str) -> None:
    received = bytearray()
    while expected.encode() not in received:
        block = await reader.read(min(BLOCK, MAX_BODY - len(received)))
        if not block:
            raise ProbeError(f"received {len(received)} bytes without {expected!r}")
        received += block
