"""The report on a replay: who moves from where to where, who loses an answer, who gets farther away, what regions get.

responder.Replay ─► shares by endpoint, region, way and country ─► docs/simulation.md
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:  # types of the stub only
    from responder import Comparison, Replay

Key = TypeVar("Key")

MOST_MOVES = 100
LARGE_SHARE = 0.05
"""Of all queries: a country that asks this much is warned of."""
WORSE_MS = 5.0
WORSE_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Served:
    """An endpoint. `capacity`: requests a second; None: not said."""

    name: str
    region: str
    capacity: int | None


@dataclass(frozen=True, slots=True)
class Moved:
    """Clients of a country, by the endpoint that they get now and then; None for none. `share` of all queries."""

    country: str
    source: str | None
    target: str | None
    share: float


def report(replay: Replay, served: Mapping[int, Served], queries_per_s: float | None) -> dict[str, Any]:
    """The part of docs/simulation.md that a replay says. `served`: endpoints by id. `queries_per_s`: None: unknown."""
    names = {number: endpoint.name for number, endpoint in served.items()}
    moves = [
        Moved(country, names.get(source), names.get(target), share)
        for country, source, target, share in replay["moves"]
    ]
    moved = [move for move in moves if move.source != move.target]
    lost = [move for move in moved if move.target is None]
    before = added((move.source, move.share) for move in moves)
    after = added((move.target, move.share) for move in moves)
    endpoints = {endpoint.name: endpoint for endpoint in served.values()}
    countries = _by_country(replay, moves)
    return {
        "moved": sum(move.share for move in moved),
        "lost": sum(move.share for move in lost),
        "losers": [
            {"country": country, "share": share}
            for country, share in largest(added((move.country, move.share) for move in lost))
        ],
        "warnings": [warning for row in countries if (warning := _warning(row))],
        "latency": replay["latency"],
        "regions": _regions(before, after, endpoints, queries_per_s),
        "endpoints": [
            {"endpoint": name, "region": _region(endpoints, name), "before": before[name], "after": after[name]}
            for name in sorted({*before, *after}, key=lambda name: (-before[name], -after[name], name or ""))
        ],
        "moves": _ways(moved),
        "countries": countries,
    }


def _by_country(replay: Replay, moves: Sequence[Moved]) -> list[dict[str, Any]]:
    shares = {row["country"]: row["share"] for row in replay["countries"]}
    latencies = {row["country"]: row["latency"] for row in replay["countries"]}
    moved = added((move.country, move.share) for move in moves if move.source != move.target)
    lost = added((move.country, move.share) for move in moves if move.target is None and move.source is not None)
    return [
        {
            "country": country,
            "share": share,
            "moved": moved[country] / share,
            "lost": lost[country] / share,
            "latency": latencies[country],
        }
        for country, share in largest(shares)
    ]


def _warning(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """For a large country whose clients get farther away."""
    latency: Comparison | None = row["latency"]
    if row["share"] < LARGE_SHARE or latency is None:
        return None
    before_ms, after_ms = latency["before"]["mean_ms"], latency["after"]["mean_ms"]
    worse_ms = after_ms - before_ms
    if worse_ms <= WORSE_MS and worse_ms <= WORSE_SHARE * before_ms:
        return None
    return {"country": row["country"], "share": row["share"], "before_ms": before_ms, "after_ms": after_ms}


def _regions(
    before: Mapping[str | None, float],
    after: Mapping[str | None, float],
    endpoints: Mapping[str, Served],
    queries_per_s: float | None,
) -> list[dict[str, Any]]:
    """By region what it is asked, beside what its endpoints that are in this replay can take."""
    now, then = _by_region(before, endpoints), _by_region(after, endpoints)
    capacities = {region: _capacity(region, endpoints) for region in {*now, *then}}
    known = [capacity for capacity in capacities.values() if capacity is not None]
    total = sum(known) if len(known) == len(capacities) else 0
    return [
        {
            "region": region,
            "before": now[region],
            "after": then[region],
            "before_per_s": None if queries_per_s is None else queries_per_s * now[region],
            "after_per_s": None if queries_per_s is None else queries_per_s * then[region],
            "capacity": capacities[region],
            "capacity_share": (capacities[region] or 0) / total if total else None,
        }
        for region in sorted(capacities, key=lambda region: (-now[region], -then[region], region))
    ]


def _by_region(shares: Mapping[str | None, float], endpoints: Mapping[str, Served]) -> defaultdict[str, float]:
    return added((endpoints[name].region, share) for name, share in shares.items() if name is not None)


def _capacity(region: str, endpoints: Mapping[str, Served]) -> int | None:
    """Of the region's endpoints together; None if it is not known of each."""
    capacities = [endpoint.capacity for endpoint in endpoints.values() if endpoint.region == region]
    known = [capacity for capacity in capacities if capacity is not None]
    return sum(known) if len(known) == len(capacities) else None


def _region(endpoints: Mapping[str, Served], name: str | None) -> str | None:
    return None if name is None else endpoints[name].region


def _ways(moved: Iterable[Moved]) -> list[dict[str, Any]]:
    ways = added(((move.source, move.target), move.share) for move in moved)
    return [{"from": source, "to": target, "share": share} for (source, target), share in largest(ways)[:MOST_MOVES]]


def added(shares: Iterable[tuple[Key, float]]) -> defaultdict[Key, float]:
    total: defaultdict[Key, float] = defaultdict(float)
    for key, share in shares:
        total[key] += share
    return total


def largest(shares: Mapping[Key, float]) -> list[tuple[Key, float]]:
    return sorted(shares.items(), key=lambda pair: -pair[1])
