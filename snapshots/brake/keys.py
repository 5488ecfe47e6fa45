"""What tells one change of a part from every other: what is released is that change and no later one."""

from __future__ import annotations

import json

from snapshots.canonical import canonical_json, digest_of
from snapshots.manifest import Contents

GONE = "gone"
STEERING = ("regions", "endpoints", "pools", "policies")
"""Of a policy chunk, what someone wrote: the addresses of flattened names change by themselves."""


def key_of_zone(origin: str, candidate: Contents) -> str:
    """The digest of its chunk."""
    return candidate.zones.get(origin, GONE)


def key_of_policies(policy_chunk: bytes) -> str:
    written = json.loads(policy_chunk)
    return digest_of(canonical_json({section: written[section] for section in STEERING}))
