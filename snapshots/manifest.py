"""The manifest of a generation: which chunks make it up (docs/snapshot-format.md)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from edge.manifest import WITH_LISTS
from snapshots.canonical import canonical_json, digest_of
from snapshots.zone_lists import ZoneLists, read_lists


@dataclass(frozen=True, slots=True)
class Contents:
    """What a snapshot is made of, without its number: origins and geo roles to digests."""

    zones: dict[str, str]
    policies: str
    geo: dict[str, str]

    def digests(self) -> set[str]:
        """Of every chunk but the zone lists."""
        return {*self.zones.values(), self.policies, *self.geo.values()}

    def fingerprint(self) -> str:
        """Equal for equal contents."""
        return digest_of(canonical_json({"zones": self.zones, "policies": self.policies, "geo": self.geo}))

    def manifest(self, lists: ZoneLists, generation: int, created: datetime) -> str:
        """The exact text that edges verify. `lists`: of these very zones."""
        written = {
            "format": WITH_LISTS,
            "generation": generation,
            "created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "zones": lists.digests,
            "policies": self.policies,
            "geo": self.geo,
        }
        return canonical_json(written).decode()


def read_manifest(
    manifest: str, known: ZoneLists, stored: Callable[[Iterable[str]], Mapping[str, bytes]]
) -> tuple[Contents, ZoneLists]:
    """The contents and lists of a manifest that we published. One without lists has none."""
    members = json.loads(manifest)
    lists, zones = ZoneLists(), members["zones"]
    if members["format"] == WITH_LISTS:
        lists = read_lists(members["zones"], known, stored)
        zones = lists.zones
    return Contents(zones, members["policies"], members["geo"]), lists
