"""Turns what is declared into chunks. Pure: equal input gives equal octets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from snapshots.canonical import digest_of
from snapshots.declared import Declared, DeclaredPolicies, DeclaredZone
from snapshots.manifest import Contents
from snapshots.policy_chunk import policy_chunk
from snapshots.zone_chunk import UncompilableZoneError, zone_chunk


@dataclass(frozen=True, slots=True)
class Compiled:
    """A candidate, with the chunks that are not stored yet: `zone_chunks` by digest, and the policy chunk."""

    contents: Contents
    zone_chunks: dict[str, bytes]
    policy_chunk: bytes
    made: dict[str, DeclaredZone]  # the zones compiled now, by origin, without their record sets
    uncompilable: dict[str, str]  # origin to reason


def compile_declared(
    declared: Declared, geo: Mapping[str, str], policy_chunk: Callable[[DeclaredPolicies], bytes] = policy_chunk
) -> Compiled:
    """The candidate of a declared world with the geo files `geo` (role to digest)."""
    zones = dict(declared.compiled)
    chunks: dict[str, bytes] = {}
    made: dict[str, DeclaredZone] = {}
    uncompilable: dict[str, str] = {}
    for zone in declared.changed:
        try:
            chunk = zone_chunk(zone)
        except UncompilableZoneError as error:
            uncompilable[zone.origin] = str(error)
            continue
        made[zone.origin] = replace(zone, record_sets=())
        zones[zone.origin] = digest_of(chunk)
        chunks[zones[zone.origin]] = chunk
    policies = policy_chunk(declared.policies)
    contents = Contents(zones, digest_of(policies), dict(geo))
    return Compiled(contents, chunks, policies, made, uncompilable)
