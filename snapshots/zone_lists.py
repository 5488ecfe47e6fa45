"""The zones of a generation in lists, so that a changed zone changes one short list (docs/snapshot-format.md).

    manifest ──► "3f": digest of a list ──► "demo.test.": digest of a zone chunk

Which list a zone is in follows from its origin. A list that did not change is the same chunk in the next generation.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain

from snapshots.canonical import canonical_json, digest_of

KNOWN_ORIGINS = 1 << 17


@lru_cache(maxsize=KNOWN_ORIGINS)
def list_of(origin: str) -> str:
    """The name of the list that a zone is in: two hexadecimal digits."""
    return digest_of(origin.encode())[:2]


@dataclass(frozen=True, slots=True)
class ZoneLists:
    """`digests`: of lists by name. `members`: what each list says, digests of zone chunks by origin."""

    digests: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def zones(self) -> dict[str, str]:
        """Digests of zone chunks by origin, of all lists."""
        return dict(chain.from_iterable(members.items() for members in self.members.values()))

    def following(self, zones: Mapping[str, str]) -> tuple[ZoneLists, dict[str, bytes]]:
        """The lists of `zones`, and by digest the chunks of those that are not among these."""
        changed = _changed_members(self.zones, zones)
        digests, members, chunks = dict(self.digests), dict(self.members), dict[str, bytes]()
        for name, changes in changed.items():
            together = {**members.pop(name, {}), **changes}
            listed = {origin: digest for origin, digest in together.items() if digest is not None}
            digests.pop(name, None)
            if listed:
                chunk = canonical_json(listed)
                digests[name], members[name] = digest_of(chunk), listed
                chunks[digests[name]] = chunk
        return ZoneLists(digests, members), chunks


def read_lists(
    digests: Mapping[str, str], known: ZoneLists, stored: Callable[[Iterable[str]], Mapping[str, bytes]]
) -> ZoneLists:
    """The lists of a manifest: those that are `known`, and of all others what is `stored` under their digests."""
    missing = {name: digest for name, digest in digests.items() if known.digests.get(name) != digest}
    chunks = stored(missing.values()) if missing else {}
    members = {name: json.loads(chunks[missing[name]]) if name in missing else known.members[name] for name in digests}
    return ZoneLists(dict(digests), members)


def _changed_members(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, dict[str, str | None]]:
    """What is another digest now, by list and origin. None: the zone is gone."""
    changed: defaultdict[str, dict[str, str | None]] = defaultdict(dict)
    for origin, digest in after.items():
        if before.get(origin) != digest:
            changed[list_of(origin)][origin] = digest
    if len(before.keys() | after.keys()) > len(after):
        for origin in before.keys() - after.keys():
            changed[list_of(origin)][origin] = None
    return changed
