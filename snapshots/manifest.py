"""The manifest of a generation: which chunks make it up (docs/snapshot-format.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from snapshots.canonical import canonical_json, digest_of

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Contents:
    """What a snapshot is made of, without its number: origins and geo roles to digests."""

    zones: dict[str, str]
    policies: str
    geo: dict[str, str]

    def digests(self) -> set[str]:
        """Of every chunk."""
        return {*self.zones.values(), self.policies, *self.geo.values()}

    def fingerprint(self) -> str:
        """Equal for equal contents."""
        return digest_of(canonical_json(self._members()))

    def manifest(self, generation: int, created: datetime) -> str:
        """The exact text that edges verify."""
        stamp = created.strftime("%Y-%m-%dT%H:%M:%SZ")
        numbered = {"format": FORMAT, "generation": generation, "created": stamp}
        return canonical_json(numbered | self._members()).decode()

    def _members(self) -> dict[str, object]:
        return {"zones": self.zones, "policies": self.policies, "geo": self.geo}


def read_contents(manifest: str) -> Contents:
    """The contents of a manifest that we published."""
    members = json.loads(manifest)
    return Contents(zones=members["zones"], policies=members["policies"], geo=members["geo"])


def changed_zones(before: Contents | None, after: Contents) -> Iterator[str]:
    """Origins whose chunk is new or another one."""
    known = before.zones if before else {}
    return (origin for origin, digest in after.zones.items() if known.get(origin) != digest)
