"""The latency map that a relay uses, as the messages that its followers lack."""

from __future__ import annotations

import asyncio

from edge.framed import framed, in_frames
from edge.latency import is_full, sequence_of
from edge.store import Store


class Maps:
    """What is on the disk of `store`, read once for each map."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reading = asyncio.Lock()
        self._read_at: int | None = None
        self._messages: list[bytes] = []

    async def since(self, sequence: int, newest: int) -> bytes:
        """Messages that lead from the map `sequence` to the newest, each behind its length; empty: there are none."""
        if sequence >= newest:
            return b""
        async with self._reading:
            if self._read_at != newest:
                content = await asyncio.to_thread(self._store.latency)
                self._messages = list(framed(content))
                self._read_at = sequence_of(self._messages[-1]) if self._messages else None
        return in_frames(_from(self._messages, sequence))


def _from(known: list[bytes], sequence: int) -> list[bytes]:
    """Those after `sequence`, if it is one of the chain; else the whole chain, which begins with a full one."""
    if not known or not is_full(known[0]):
        return []
    sequences = [sequence_of(message) for message in known]
    return known[sequences.index(sequence) + 1 :] if sequence in sequences else known
