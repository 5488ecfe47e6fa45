"""The manifest for edges of the release before, which read format 1 alone."""

from __future__ import annotations

import asyncio
import json

from edge.feed import FeedError
from edge.manifest import without_lists
from edge.relay.chunks import Chunks
from responder import Manifest


class PlainManifests:
    """Made of the zone lists once for each generation: hundreds of edges may ask for the newest."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks
        self._making = asyncio.Lock()
        self._made_of = b""
        self._made = b""

    async def of(self, manifest: Manifest) -> bytes:
        """The same generation, to the octet as a web process gives it. Raises FeedError, RefusedError."""
        if not manifest.lists:
            return manifest.octets
        async with self._making:
            if self._made_of != manifest.octets:
                lists = await self._lists(sorted(manifest.lists))
                self._made = await asyncio.to_thread(_plain, manifest.octets, lists)
                self._made_of = manifest.octets
            return self._made

    async def _lists(self, digests: list[str]) -> list[bytes]:
        lists: list[bytes] = []
        while waiting := digests[len(lists) :]:
            contents = await self._chunks.first(waiting)
            if not contents:
                raise FeedError(f"zone list {waiting[0]} is gone")
            lists += contents
        return lists


def _plain(manifest: bytes, lists: list[bytes]) -> bytes:
    zones: dict[str, str] = {}
    for content in lists:
        zones |= json.loads(content)
    return without_lists(manifest.decode(), zones).encode()
