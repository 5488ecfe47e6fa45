"""Chunks as a relay gives them: from its disk, and what is gone or spoiled there from the feeds that it has itself.

    follower ──asks──► relay ── on its disk ──► given
                         └─ not there ──asks, Via: this relay──► its feeds ── verified ──► given

`Via` (RFC 9110 section 7.6.3) names the relays that a question came through, so that it ends where relays follow each
other in a ring.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from itertools import takewhile

from edge.chunks import BATCH_OCTETS, DIGEST, verified
from edge.feed import FeedError
from edge.feeds import Feeds
from edge.relay.news import MAX_RELAYS
from edge.store import Store

READS_AT_ONCE = 4
"""Of chunks: a city database has some hundred megabytes."""
ASKS_AT_ONCE = 4
"""Beyond that who asks is sent on, not kept waiting: relays that wait for each other would do so for good."""


class Chunks:
    """Of the relay that is called `name`."""

    def __init__(self, store: Store, feeds: Feeds, name: str) -> None:
        self._store = store
        self._feeds = feeds
        self._name = name
        self._reads = asyncio.Semaphore(READS_AT_ONCE)
        self._asking = 0

    async def first(self, digests: Sequence[str], via: Sequence[str] = ()) -> list[bytes]:
        """The contents of the first of the digests, as many as fit into BATCH_OCTETS; none: nobody has the first.

        `via`: the relays that asked for them. Raises FeedError, and RefusedError for what came spoiled.
        """
        named = list(takewhile(DIGEST.fullmatch, digests))
        async with self._reads:
            contents = await asyncio.to_thread(self._store.first_chunks, named, BATCH_OCTETS)
        if contents or not named or self._name in via or len(via) >= MAX_RELAYS:
            return contents
        return await self._from_above(named[0], via)

    async def _from_above(self, digest: str, via: Sequence[str]) -> list[bytes]:
        if self._asking >= ASKS_AT_ONCE:
            raise FeedError(f"{ASKS_AT_ONCE} other chunks are being fetched")
        self._asking += 1
        try:
            content = await self._feeds.chunk(digest, (*via, self._name))
        except FeedError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return []
            raise
        finally:
            self._asking -= 1
        return [await asyncio.to_thread(verified, digest, content)]
