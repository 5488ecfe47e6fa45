"""Opens snapshots in this process with the very code of the edges.

The current one is kept open: the next shares all chunks with it that did not change.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

import responder
from edge.manifest import without_lists
from snapshots.canonical import digest_of
from snapshots.chunks import stored_chunks
from snapshots.manifest import Contents, read_manifest
from snapshots.models import Snapshot
from snapshots.zone_lists import ZoneLists


class NothingPublishedError(LookupError):
    """There is no snapshot yet."""

    def __init__(self) -> None:
        super().__init__("no snapshot is published yet: the control worker publishes the first one when it starts")


class NotKeptError(LookupError):
    """Nothing is kept of a moment."""

    def __init__(self, moment: datetime, oldest: datetime) -> None:
        self.moment, self.oldest = moment, oldest
        super().__init__(f"the oldest generation that is kept is of {oldest:%Y-%m-%d %H:%M:%S} UTC")


@dataclass(frozen=True, slots=True)
class Opened:
    """`stamp` tells generations of different databases apart. `lists`: none, if the manifest names zones itself."""

    stamp: tuple[int, datetime]
    contents: Contents
    lists: ZoneLists
    snapshot: responder.Snapshot

    @property
    def generation(self) -> int:
        return self.stamp[0]


class Current:
    """The published snapshot, opened once a generation and process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: Opened | None = None

    def get(self) -> Opened:
        """Raises NothingPublishedError."""
        with self._lock:
            stamp = Snapshot.objects.order_by("-generation").values_list("generation", "created").first()
            if stamp is None:
                raise NothingPublishedError
            if self._opened is None or self._opened.stamp != stamp:
                self._opened = self._open(stamp)
            return self._opened

    def _open(self, stamp: tuple[int, datetime]) -> Opened:
        manifest = Snapshot.objects.values_list("manifest", flat=True).get(generation=stamp[0])
        known = self._opened.lists if self._opened else ZoneLists()
        contents, lists = read_manifest(manifest, known, stored_chunks)
        return Opened(stamp, contents, lists, open_manifest(manifest, {}, self._opened))


current = Current()
"""The one of this process."""


def kept_since() -> datetime | None:
    """When the oldest generation that is kept was published; None before the first."""
    return Snapshot.objects.order_by("created").values_list("created", flat=True).first()


def open_at(moment: datetime) -> responder.Snapshot:
    """The generation that was current at a moment. Raises NothingPublishedError, NotKeptError."""
    opened = current.get()
    if opened.stamp[1] <= moment:
        return opened.snapshot
    manifest = Snapshot.objects.filter(created__lte=moment).values_list("manifest", flat=True).first()
    if manifest is None:
        oldest = Snapshot.objects.values_list("created", flat=True).last()
        raise NotKeptError(moment, oldest or opened.stamp[1])
    return open_manifest(manifest, {}, opened)


def open_with_policies(
    opened: Opened, chunk: bytes, zones: Mapping[str, bytes] = MappingProxyType({})
) -> responder.Snapshot:
    """The same snapshot with another policy chunk, and with these zone chunks by their origins.

    Raises responder.SnapshotError if edges would refuse it.
    """
    policies, digests = digest_of(chunk), {origin: digest_of(zone) for origin, zone in zones.items()}
    contents = replace(opened.contents, policies=policies, zones=opened.contents.zones | digests)
    lists, list_chunks = opened.lists.following(contents.zones)
    fresh = list_chunks | {policies: chunk} | {digests[origin]: zone for origin, zone in zones.items()}
    return open_manifest(contents.manifest(lists, *opened.stamp), fresh, opened)


def open_manifest(manifest: str, fresh: Mapping[str, bytes], previous: Opened | None) -> responder.Snapshot:
    """Open a manifest whose chunks are in `fresh`, in `previous` or stored. Raises responder.SnapshotError."""
    written, held = responder.Manifest(manifest.encode()), previous.snapshot if previous else None
    chunks: dict[str, bytes] = {}
    while missing := written.missing_from(held, chunks) - chunks.keys():
        found = {digest: fresh[digest] for digest in missing if digest in fresh}
        found |= stored_chunks(missing - found.keys())
        if not found:
            break  # the responder says what is missing, and what for
        chunks |= found
    return responder.Snapshot.open(written, chunks, held)


def contents_of(snapshot: Snapshot) -> Contents:
    """What a generation is made of."""
    return read_manifest(snapshot.manifest, ZoneLists(), stored_chunks)[0]


@lru_cache(maxsize=1)  # thousands of edges may ask for the newest
def manifest_without_lists(manifest: str) -> str:
    """The same generation in format 1, which names all zones itself."""
    return without_lists(manifest, read_manifest(manifest, ZoneLists(), stored_chunks)[0].zones)
