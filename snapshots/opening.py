"""Opens snapshots in this process with the very code of the edges.

The current one is kept open: the next shares all chunks with it that did not change.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import responder
from snapshots.canonical import digest_of
from snapshots.manifest import Contents, read_contents
from snapshots.models import Chunk, Snapshot


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
    """`stamp` tells generations of different databases apart."""

    stamp: tuple[int, datetime]
    contents: Contents
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
        contents = read_contents(manifest)
        return Opened(stamp, contents, open_manifest(manifest, {}, self._opened))


current = Current()
"""The one of this process."""


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


def open_with_policies(opened: Opened, chunk: bytes) -> responder.Snapshot:
    """The same snapshot with another policy chunk. Raises responder.SnapshotError if edges would refuse it."""
    digest = digest_of(chunk)
    generation, created = opened.stamp
    manifest = replace(opened.contents, policies=digest).manifest(generation, created)
    return open_manifest(manifest, {digest: chunk}, opened)


def open_manifest(manifest: str, fresh: Mapping[str, bytes], previous: Opened | None) -> responder.Snapshot:
    """Open a manifest whose chunks are in `fresh`, in `previous` or stored. Raises responder.SnapshotError."""
    written, held = responder.Manifest(manifest.encode()), previous.snapshot if previous else None
    missing = written.missing_from(held)
    chunks = {digest: fresh[digest] for digest in missing if digest in fresh}
    stored = Chunk.objects.filter(digest__in=missing - chunks.keys()).values_list("digest", "content")
    chunks |= {digest: bytes(content) for digest, content in stored}
    return responder.Snapshot.open(written, chunks, held)
