"""Gets the newest generation from the feed: all of it, verified, or nothing (P1, P2)."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Iterable, Mapping

from edge.chunks import verified
from edge.feeds import Feeds
from edge.serving import Serving
from edge.store import CorruptChunkError, Store
from edge.trust.keeper import TrustKeeper
from edge.trust.refusal import Reason, RefusedError
from responder import Manifest, Snapshot, SnapshotError

DOWNLOADS_AT_ONCE = 8
CHUNKS_AT_ONCE = 100

log = logging.getLogger(__name__)


class Updater:
    """Brings one node from the generation it serves to the newest."""

    def __init__(self, feed: Feeds, store: Store, serving: Serving, trust: TrustKeeper, writing: asyncio.Lock) -> None:
        """`writing` is held while the disk, and with it what is served, changes."""
        self._feed = feed
        self._store = store
        self._serving = serving
        self._trust = trust
        self._writing = writing
        self._served: Manifest | None = None
        self.signature: str | None = None  # of the manifest that is served, for who follows this node
        self.is_kept = True  # what is served is on disk too
        self._outgoing: frozenset[str] | None = None  # chunks of the generation before; None: not known
        self._etag: str | None = None
        self._downloaded: dict[str, bytes] = {}  # kept over failed attempts, so that the next one goes on from there

    @property
    def served(self) -> Manifest | None:
        """The manifest of the generation that is served."""
        return self._served

    def resume(self, manifest: Manifest) -> None:
        """`manifest` is served already: it came from the disk."""
        self._served, self.signature = manifest, self._store.signature(manifest)

    async def update(self) -> None:
        """Serve the newest generation. Raises FeedError or RefusedError."""
        download = await self._feed.manifest(self._etag)
        if download is None:
            await self._keep_again()
            return
        await self._trust.check(download.content, download.signature)
        manifest = await asyncio.to_thread(_manifest_of, download.content)
        if self._is_new(manifest):
            await self._take(manifest, download.signature)
        elif download.signature and download.signature != self.signature:
            await self._sign(manifest, download.signature)
        self._etag = f'"{hashlib.sha256(manifest.octets).hexdigest()}"'  # whatever the feed said: others are asked too

    async def _sign(self, manifest: Manifest, signature: str) -> None:
        """What is served was kept without it: by a release that minded none, or on a disk that was full."""
        async with self._writing:
            self.signature = signature
            try:
                await asyncio.to_thread(self._store.keep_signature, manifest, signature)
            except OSError as error:
                log.error("the signature of generation %d is not kept on disk: %s", manifest.generation, error)

    async def _keep_again(self) -> None:
        """A disk that took nothing may take what is served now."""
        if self.is_kept or self._served is None:
            return
        chunks = await self._chunks(self._served)
        async with self._writing:
            await self._keep(self._served, self.signature, chunks)
        self._downloaded = {}

    def _is_new(self, manifest: Manifest) -> bool:
        served = self._served
        if served is None or manifest.generation > served.generation:
            return True
        if manifest.octets == served.octets:
            return False
        is_fork = manifest.generation == served.generation
        if is_fork and manifest.lists and not served.lists:
            return True  # the release before was given it in format 1, and that without a signature
        raise RefusedError(
            Reason.FORK if is_fork else Reason.GENERATION,
            f"generation {manifest.generation} refused: {served.generation} is served"
            + (" with other contents" if is_fork else ", and it only rises"),
        )

    async def _take(self, manifest: Manifest, signature: str | None) -> None:
        before = self._serving.snapshot
        chunks = await self._chunks(manifest)
        snapshot = await asyncio.to_thread(_opened, manifest, chunks, before)
        async with self._writing:
            await self._keep(manifest, signature, chunks)
            self._serving.serve(snapshot)
            self._served, self.signature = manifest, signature
            await asyncio.to_thread(self._prune, before, snapshot, chunks)
        self._downloaded = {}

    def _prune(self, before: Snapshot | None, served: Snapshot, chunks: Mapping[str, bytes]) -> None:
        """Remove what two generations back was there for, without looking at all that is there.

        Of the chunks that `before` did without, those it is served with now are among the new ones.
        """
        if self._outgoing is None or not self.is_kept:
            self._store.prune()
        else:
            self._store.forget(self._outgoing - chunks.keys())
        self._outgoing = before.missing_from(served) if before and self.is_kept else None

    async def _keep(self, manifest: Manifest, signature: str | None, chunks: dict[str, bytes]) -> None:
        try:
            await asyncio.to_thread(self._store.keep, manifest, chunks, signature)
            self.is_kept = True
        except OSError as error:
            self.is_kept = False
            log.error("generation %d is served but not kept on disk: %s", manifest.generation, error)

    async def _chunks(self, manifest: Manifest) -> dict[str, bytes]:
        """Those that are not both served and on disk. Zone lists come first: they say which zones are missing."""
        chunks: dict[str, bytes] = {}
        served = self._serving.snapshot
        while missing := _missing(manifest, served, chunks):
            chunks |= await self._found(missing)
        if self.is_kept:
            return chunks
        return await self._unkept(manifest, chunks)

    async def _found(self, digests: frozenset[str]) -> dict[str, bytes]:
        """From disk, and from the feed what is not there."""
        found = await asyncio.to_thread(self._read, digests)
        wanted = digests - found.keys()
        await self._download(wanted)
        return found | {digest: self._downloaded[digest] for digest in wanted}

    async def _unkept(self, manifest: Manifest, chunks: dict[str, bytes]) -> dict[str, bytes]:
        """Together with those that are served and not on disk."""
        lists = await self._found(manifest.lists - chunks.keys())
        named = _missing(manifest, None, chunks | lists)
        absent = await asyncio.to_thread(self._absent, (named | lists.keys()) - chunks.keys())
        return chunks | await self._found(absent)

    def _absent(self, digests: Iterable[str]) -> frozenset[str]:
        return frozenset(digest for digest in digests if not self._store.has(digest))

    def _read(self, digests: Iterable[str]) -> dict[str, bytes]:
        found = {}
        for digest in digests:
            try:
                if self._store.has(digest):
                    found[digest] = self._store.chunk(digest)
            except CorruptChunkError as error:
                log.error("fetching anew: %s", error)
        return found

    async def _download(self, digests: Iterable[str]) -> None:
        waiting = [digest for digest in digests if digest not in self._downloaded]
        downloads = [asyncio.create_task(self._download_some(waiting)) for _ in range(DOWNLOADS_AT_ONCE)]
        try:
            await asyncio.gather(*downloads)
        finally:
            for download in downloads:
                download.cancel()

    async def _download_some(self, waiting: list[str]) -> None:
        while waiting:
            digests = [waiting.pop() for _ in range(min(len(waiting), CHUNKS_AT_ONCE))]
            contents = await self._feed.chunks(digests)
            waiting += digests[len(contents) :]
            for digest, content in zip(digests, contents, strict=False):
                self._downloaded[digest] = verified(digest, content)


def _manifest_of(octets: bytes) -> Manifest:
    try:
        return Manifest(octets)
    except SnapshotError as error:
        raise RefusedError(Reason.FORMAT, str(error)) from error


def _missing(manifest: Manifest, served: Snapshot | None, chunks: Mapping[str, bytes]) -> frozenset[str]:
    try:
        return manifest.missing_from(served, chunks) - chunks.keys()
    except SnapshotError as error:  # a zone list that nothing can be read from
        raise RefusedError(Reason.CONTENT, f"generation {manifest.generation} refused: {error}") from error


def _opened(manifest: Manifest, chunks: dict[str, bytes], previous: Snapshot | None) -> Snapshot:
    try:
        return Snapshot.open(manifest, chunks, previous)
    except SnapshotError as error:
        raise RefusedError(Reason.CONTENT, f"generation {manifest.generation} refused: {error}") from error
