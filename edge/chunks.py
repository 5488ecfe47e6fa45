"""What both ends of the feed agree on about chunks: how they are asked for, many at a time, and when one is whole."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from edge.trust.refusal import Reason, RefusedError

DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
BATCH_OCTETS = 4 * 2**20
"""Of several chunks in one answer; the first may be longer by itself."""
DIGESTS: TypeAdapter[list[str]] = TypeAdapter(Annotated[list[str], Field(min_length=1, max_length=1000)])
"""What is asked for in one request."""


def verified(digest: str, content: bytes) -> bytes:
    """The content, which a feed gave for `digest`. Raises RefusedError if it is another's."""
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise RefusedError(Reason.DIGEST, f"chunk {digest} refused: what came has the digest {found}")
    return content


def errors_of(error: ValidationError) -> list[dict[str, str]]:
    """As members of a problem."""
    return [{"field": ".".join(map(str, item["loc"])), "message": item["msg"]} for item in error.errors()]
