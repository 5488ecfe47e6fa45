"""Whom a proposal moves: of all that was asked of late, from where to where, by country.

snapshots.proposal ─► responder.replay of every name asked ─► shares of all steered queries
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from simulation.report import MOST_MOVES, added, largest
from snapshots.proposal import Judged, ways_of
from telemetry.services import policies

RECENTLY = timedelta(hours=1)
MOST_COUNTRIES = 250

BY_QUERIES, BY_NAMES = "queries of the last hour", "names, as nobody asked in the last hour"


@dataclass(frozen=True, slots=True)
class Traffic:
    """Shares are of all steered queries; of a country, `moved` and `lost` are shares of its own."""

    queries: int
    weighed_by: str
    moved: float
    lost: float
    moves: list[dict[str, Any]]
    countries: list[dict[str, Any]]


def traffic(judged: Judged, now: datetime) -> Traffic:
    """What would become of the queries of the last hour; where there were none, each policy's names count alike."""
    counted = policies(now - RECENTLY, now)
    total = sum(counted.values())
    asked = {policy: float(count) for policy, count in counted.items()}
    served = {steered[3]: 1.0 for steered in judged.before.snapshot.steered}
    found = ways_of(judged, asked if total else served, now)
    names: dict[int, str | None] = {**judged.before.snapshot.endpoints, **judged.after.endpoints, 0: None}
    moved = [way for way in found if way.source != way.target]
    ends = added(((names[way.source], names[way.target]), way.share) for way in moved)
    shares = added((way.country, way.share) for way in found)
    leaving = added((way.country, way.share) for way in moved)
    losing = added((way.country, way.share) for way in moved if not way.target)
    return Traffic(
        queries=total,
        weighed_by=BY_QUERIES if total else BY_NAMES,
        moved=sum(way.share for way in moved),
        lost=sum(losing.values()),
        moves=[{"from": one, "to": other, "share": share} for (one, other), share in largest(ends)[:MOST_MOVES]],
        countries=[
            {"country": country, "share": share, "moved": leaving[country] / share, "lost": losing[country] / share}
            for country, share in largest(shares)[:MOST_COUNTRIES]
            if share
        ],
    )
