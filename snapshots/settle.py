"""What of a candidate can be served: one bad part must not hold back the others.

    candidate ── opens ──────────────────────────────────────────────► served whole
        └─ refused ─► policies, then each geo file, then the zones,
                      halving until the bad ones are found ─► their last good chunks instead ─► served, with refusals

Who opens is an argument, so that nothing here needs a database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from responder import SnapshotError
from snapshots.manifest import Contents

POLICIES, ZONE = "policies", "zone "

Opens = Callable[[Contents], object]
"""Opens a snapshot of these contents as an edge would. Raises SnapshotError."""


@dataclass(frozen=True, slots=True)
class Settled:
    """`contents` None: nothing can be served. `refusals`: part to reason, such as `zone demo.test.`."""

    contents: Contents | None
    refusals: dict[str, str]


def zone_part(origin: str) -> str:
    """How a refused zone is called."""
    return f"{ZONE}{origin}"


def zones_of(parts: Iterable[str]) -> list[str]:
    """The origins of the zones among parts."""
    return [part.removeprefix(ZONE) for part in parts if part.startswith(ZONE)]


def geo_part(role: str) -> str:
    """How a refused geo file is called."""
    return f"geo {role}"


def settle(candidate: Contents, uncompilable: Mapping[str, str], served: Contents | None, opens: Opens) -> Settled:
    """The candidate, with the last good chunk in place of each part that is refused or could not be compiled.

    A zone that was never served is left out while it is bad. If the new policies break a zone even in its last good
    form, the old policies stay: a name that is answered today is answered tomorrow.
    """
    last_good = served or Contents({}, "", {})
    refusals = {zone_part(origin): reason for origin, reason in uncompilable.items()}
    kept = {origin: last_good.zones[origin] for origin in uncompilable if origin in last_good.zones}
    candidate = replace(candidate, zones=candidate.zones | kept)
    if _refusal(candidate, opens) is None:
        return Settled(candidate, refusals)
    reason = _refusal(Contents({}, candidate.policies, {}), opens)
    if reason is None:
        salvaged = _salvage(candidate, last_good, opens)
        if salvaged.contents is not None:
            return replace(salvaged, refusals=refusals | salvaged.refusals)
        reason = salvaged.refusals[POLICIES]
    refusals[POLICIES] = reason
    if served is None:
        return Settled(None, refusals)
    salvaged = _salvage(replace(candidate, policies=served.policies), last_good, opens)
    return replace(salvaged, refusals=salvaged.refusals | refusals)


def _salvage(candidate: Contents, last_good: Contents, opens: Opens) -> Settled:
    """Replaces bad geo files and zones. No contents: these policies break a zone even in its last good form."""
    geo, geo_refusals = _good_geo(candidate, last_good, opens)
    bad = _bad_zones(candidate.zones, candidate.policies, opens)
    fallen_back = {origin: last_good.zones[origin] for origin in bad if origin in last_good.zones}
    broken = _bad_zones(fallen_back, candidate.policies, opens)
    if broken:
        return Settled(None, {POLICIES: "; ".join(broken.values())})
    zones = {origin: digest for origin, digest in candidate.zones.items() if origin not in bad} | fallen_back
    refusals = geo_refusals | {zone_part(origin): reason for origin, reason in bad.items()}
    return Settled(Contents(zones, candidate.policies, geo), refusals)


def _good_geo(candidate: Contents, last_good: Contents, opens: Opens) -> tuple[dict[str, str], dict[str, str]]:
    geo: dict[str, str] = {}
    refusals: dict[str, str] = {}
    for role, digest in candidate.geo.items():
        reason = _refusal(Contents({}, candidate.policies, {role: digest}), opens)
        if reason is None:
            geo[role] = digest
            continue
        refusals[geo_part(role)] = reason
        if role in last_good.geo:
            geo[role] = last_good.geo[role]
    return geo, refusals


def _bad_zones(zones: Mapping[str, str], policies: str, opens: Opens) -> dict[str, str]:
    """Origin to reason. Halving finds b bad ones among n in about b log n openings."""
    reason = _refusal(Contents(dict(zones), policies, {}), opens) if zones else None
    if reason is None:
        return {}
    if len(zones) == 1:
        return dict.fromkeys(zones, reason)
    listed = list(zones.items())
    middle = len(listed) // 2
    return _bad_zones(dict(listed[:middle]), policies, opens) | _bad_zones(dict(listed[middle:]), policies, opens)


def _refusal(contents: Contents, opens: Opens) -> str | None:
    try:
        opens(contents)
    except SnapshotError as error:
        return str(error)
    return None
