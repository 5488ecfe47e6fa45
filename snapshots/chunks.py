"""Chunks in the database: immutable octets under their own digests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

from django.db.models.functions import Length

from snapshots.models import Chunk, ChunkKind

ROWS_AT_ONCE = 1000


def store_chunks(kind: ChunkKind, chunks: Mapping[str, bytes]) -> None:
    """Store those that are not stored yet."""
    rows = [Chunk(digest=digest, kind=kind, content=content) for digest, content in chunks.items()]
    Chunk.objects.bulk_create(rows, ignore_conflicts=True, batch_size=ROWS_AT_ONCE)


def stored_chunks(digests: Iterable[str]) -> dict[str, bytes]:
    """Those of the chunks that are stored, by digest."""
    rows = Chunk.objects.filter(digest__in=list(digests)).values_list("digest", "content")
    return {digest: bytes(content) for digest, content in rows}


def first_chunks(digests: Sequence[str], octets: int) -> list[bytes]:
    """The chunks of the first of the digests, as many as are there and fit; one may be longer by itself."""
    sizes = dict(Chunk.objects.filter(digest__in=digests).values_list("digest", Length("content")))
    taken, size = list[str](), 0
    for digest in takewhile(sizes.__contains__, digests):
        size += sizes[digest]
        if taken and size > octets:
            break
        taken.append(digest)
    found = stored_chunks(taken)
    return [found[digest] for digest in taken]
