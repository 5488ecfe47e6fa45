"""Keeps the latency map as new as the feed has it, and on disk, where a restart finds it.

event `latency` ─► GET latency?since=N ─► messages ─► LatencyMap.apply ─► served, and added to the file
"""

from __future__ import annotations

import asyncio
import logging

from edge.feeds import Feeds
from edge.framed import LENGTH, framed
from edge.serving import Serving
from edge.store import Store
from responder import LatencyMap, LatencyMapError

log = logging.getLogger(__name__)


class LatencyUpdater:
    """Brings one node from the map it uses to the newest."""

    def __init__(self, feed: Feeds, store: Store, serving: Serving, writing: asyncio.Lock) -> None:
        """`writing` is held while the disk changes."""
        self._feed = feed
        self._store = store
        self._serving = serving
        self._writing = writing
        self._kept: int | None = 0  # the sequence that the file leads to; None: it has to be written anew
        self._needs_full = False

    def resume(self) -> None:
        """Use what is on disk, as far as it can be read. Blocks on the disk."""
        latency = LatencyMap()
        content = self._store.latency()
        try:
            for message in framed(content):
                latency = latency.apply(message)
        except LatencyMapError as error:
            log.error("the latency map on disk is used up to %d: %s", latency.sequence, error)
        is_whole = sum(LENGTH.size + len(message) for message in framed(content)) == len(content)
        self._kept = latency.sequence if is_whole else None
        if latency.sequence > self._serving.latency.sequence:
            self._serving.locate(latency)

    async def update(self) -> None:
        """Use the newest map. Raises FeedError, and LatencyMapError if the feed gave something that cannot be used."""
        since = 0 if self._needs_full else self._serving.latency.sequence
        content = await self._feed.latency(since)
        if not content:
            return
        self._refuse_to_go_back(next(framed(content), b""))
        self._needs_full = True  # unless all of it can be used
        for message in framed(content):
            latency = await asyncio.to_thread(self._serving.latency.apply, message)
            before = self._serving.latency.sequence
            self._serving.locate(latency)
            async with self._writing:
                await asyncio.to_thread(self._keep, message, before)
        self._needs_full = False

    def _refuse_to_go_back(self, first: bytes) -> None:
        offered, used = sequence_of(first), self._serving.latency.sequence
        if is_full(first) and offered < used:
            raise LatencyMapError(f"map {offered} refused: {used} is used, so the feed is behind")

    def _keep(self, message: bytes, before: int) -> None:
        record = LENGTH.pack(len(message)) + message
        try:
            if is_full(message):
                self._store.keep_latency(record)
            elif self._kept == before:
                self._store.add_latency(record)
            else:
                return  # until the next full one
            self._kept = self._serving.latency.sequence
        except OSError as error:
            self._kept = None
            log.error("the latency map is not kept on disk: %s", error)


def sequence_of(message: bytes) -> int:
    """The map that a message leads to."""
    return int.from_bytes(message[4:12], "big")


def is_full(message: bytes) -> bool:
    """Whether a message needs no map before it: its base is 0."""
    return message[12:20] == bytes(8)
