"""One text for one value, so that equal content has an equal digest."""

from __future__ import annotations

import hashlib
import json


def canonical_json(value: object) -> bytes:
    """JSON with sorted keys and no insignificant white space."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(content: bytes) -> str:
    """The lower-case hexadecimal SHA-256, under which a chunk is found."""
    return hashlib.sha256(content).hexdigest()
