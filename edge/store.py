"""What an edge keeps on its disk, so that it starts without anyone's help.

    home/
      chunks/<digest>          content under its own SHA-256, verified whenever it is read
      manifest.json            the generation kept last
      manifest.previous.json   the one before it (P2)
      manifest.signature.json  the signatures of both, by their digests, for who follows this node
      health.json              the last known health
      latency.bin              messages that lead to the last known latency map
      trust.json               which keys are trusted (edge/trust/keeper.py)
      orders.json              the newest break-glass order seen of each target, and whom it met (edge/switches.py)

Every file but the latency map appears whole or not at all: written beside its place, flushed, renamed. Chunks come
before the manifest that names them, so a kill between any two writes leaves a generation that can be served.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice, takewhile
from pathlib import Path

from responder import Manifest, SnapshotError

FLUSHED_APART = 100

log = logging.getLogger(__name__)


class CorruptChunkError(Exception):
    """A chunk that is missing on disk, or does not match its digest."""


class Store:
    """The state directory of one edge. Blocks on the disk: call it in a thread."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._chunks = home / "chunks"
        self._current = home / "manifest.json"
        self._previous = home / "manifest.previous.json"
        self._signature = home / "manifest.signature.json"
        self._health = home / "health.json"
        self._latency = home / "latency.bin"
        self._trust = home / "trust.json"
        self._orders = home / "orders.json"
        self._chunks.mkdir(parents=True, exist_ok=True)

    def manifests(self) -> Iterator[Manifest]:
        """The manifests kept, the newest first. One that cannot be read is logged and left out."""
        for path in (self._current, self._previous):
            try:
                yield Manifest(path.read_bytes())
            except FileNotFoundError:
                continue
            except (SnapshotError, OSError) as error:
                log.error("%s cannot be used: %s", path, error)

    def has(self, digest: str) -> bool:
        """Whether there is such a chunk; its content is checked only when it is read."""
        return (self._chunks / digest).exists()

    def chunk(self, digest: str) -> bytes:
        """Raises CorruptChunkError."""
        try:
            content = (self._chunks / digest).read_bytes()
        except OSError as error:
            raise CorruptChunkError(f"chunk {digest}: {error.strerror}") from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise CorruptChunkError(f"chunk {digest}: its content has another digest")
        return content

    def first_chunks(self, digests: Iterable[str], octets: int) -> list[bytes]:
        """Those of the first of the digests, as many as are here and fit; one may be longer by itself."""
        contents, size = list[bytes](), 0
        for digest in takewhile(self.has, digests):
            try:
                size += (self._chunks / digest).stat().st_size
                if contents and size > octets:
                    break
                contents.append(self.chunk(digest))
            except (CorruptChunkError, OSError) as error:
                log.error("not given to others: %s", error)
                break
        return contents

    def chunks(self, manifest: Manifest) -> dict[str, bytes]:
        """All that a generation is made of, by digest. Raises CorruptChunkError, SnapshotError."""
        found: dict[str, bytes] = {}
        while missing := manifest.missing_from(None, found) - found.keys():
            found |= {digest: self.chunk(digest) for digest in missing}
        return found

    def keep(self, manifest: Manifest, chunks: Mapping[str, bytes], signature: str | None = None) -> None:
        """Make `manifest` the newest generation kept. `chunks` holds those that are not on disk yet.

        Raises OSError when the disk does not take it; the generations kept before stay whole. What became superfluous
        stays until it is pruned.
        """
        self._write_all({self._chunks / digest: content for digest, content in chunks.items()})
        _flush_directory(self._chunks)
        self.keep_signature(manifest, signature)
        if self._current.exists() and self._current.read_bytes() != manifest.octets:
            self._link(self._current, self._previous)
        self._write(self._current, manifest.octets)
        _flush_directory(self.home)

    def signature(self, manifest: Manifest) -> str | None:
        """As it came with the manifest; None: there was none."""
        return self._signatures().get(_digest(manifest))

    def keep_signature(self, manifest: Manifest, signature: str | None) -> None:
        """Beside that of the generation kept last. Raises OSError when the disk does not take it."""
        signatures = self._signatures()
        kept = {_digest(known): signatures.get(_digest(known)) for known in islice(self.manifests(), 1)}
        self._write(self._signature, json.dumps(kept | {_digest(manifest): signature}).encode())

    def _signatures(self) -> dict[str, str | None]:
        try:
            kept = json.loads(self._signature.read_bytes())
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def prune(self) -> None:
        """Remove the chunks that neither of the generations kept names."""
        named = frozenset[str]().union(*(self._named(manifest) for manifest in self.manifests()))
        self.forget(path.name for path in self._chunks.iterdir() if path.name not in named)

    def forget(self, digests: Iterable[str]) -> None:
        """Remove chunks that neither of the generations kept names."""
        for digest in digests:
            (self._chunks / digest).unlink(missing_ok=True)

    def _named(self, manifest: Manifest) -> frozenset[str]:
        """By the manifest and its zone lists. Of a generation that cannot be served for want of one, what is known."""
        lists: dict[str, bytes] = {}
        for digest in manifest.lists:
            with suppress(CorruptChunkError):
                lists[digest] = self.chunk(digest)
        return manifest.missing_from(None, lists)

    def health(self) -> bytes | None:
        """The health kept last; None: none was."""
        try:
            return self._health.read_bytes()
        except FileNotFoundError:
            return None

    def keep_health(self, content: bytes) -> None:
        """Raises OSError when the disk does not take it."""
        self._write(self._health, content)

    def latency(self) -> bytes:
        """What was kept of the latency map; empty: nothing."""
        try:
            return self._latency.read_bytes()
        except FileNotFoundError:
            return b""

    def keep_latency(self, content: bytes) -> None:
        """In place of what was kept. Raises OSError when the disk does not take it."""
        self._write(self._latency, content)

    def add_latency(self, content: bytes) -> None:
        """Behind what was kept; a crash can leave a part of it. Raises OSError when the disk does not take it."""
        with self._latency.open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def trust(self) -> bytes | None:
        """What was kept of the keys that are trusted; None: nothing was. Raises OSError."""
        return self._trust.read_bytes() if self._trust.exists() else None

    def keep_trust(self, content: bytes) -> None:
        """Raises OSError when the disk does not take it."""
        self._write(self._trust, content)

    def orders(self) -> bytes | None:
        """What was kept of break-glass orders; None: nothing was. Raises OSError."""
        return self._orders.read_bytes() if self._orders.exists() else None

    def keep_orders(self, content: bytes) -> None:
        """Raises OSError when the disk does not take it."""
        self._write(self._orders, content)

    def _write(self, path: Path, content: bytes) -> None:
        self._write_all({path: content})

    def _write_all(self, contents: Mapping[Path, bytes]) -> None:
        """Flushed one by one, or, if they are many, with all that the system has yet to write: that takes less long."""
        together = len(contents) > FLUSHED_APART
        drafts = {path: path.with_name(f"{path.name}.tmp") for path in contents}
        for path, draft in drafts.items():
            with draft.open("wb") as file:
                file.write(contents[path])
                file.flush()
                if not together:
                    os.fsync(file.fileno())
        if together:
            os.sync()
        for path, draft in drafts.items():
            draft.replace(path)

    def _link(self, path: Path, copy: Path) -> None:
        draft = copy.with_name(f"{copy.name}.tmp")
        draft.unlink(missing_ok=True)
        draft.hardlink_to(path)
        draft.replace(copy)


def _digest(manifest: Manifest) -> str:
    return hashlib.sha256(manifest.octets).hexdigest()


def _flush_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
