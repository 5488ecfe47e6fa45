"""Several contents as one: each behind its length, as the feed sends them and files hold them."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

LENGTH = struct.Struct(">I")


def in_frames(contents: Iterable[bytes]) -> bytes:
    """The contents, each preceded by its length."""
    return b"".join(part for content in contents for part in (LENGTH.pack(len(content)), content))


def framed(content: bytes) -> Iterator[bytes]:
    """Those that are whole: what a crash left of the last one is passed over."""
    position = 0
    while position + LENGTH.size <= len(content):
        (length,) = LENGTH.unpack_from(content, position)
        position += LENGTH.size
        if position + length > len(content):
            return
        yield content[position : position + length]
        position += length
