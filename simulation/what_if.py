"""What a change of a policy would move, before it is made: clients asked again in the world as it would be.

change ─► transaction { save, write the policy chunk, roll back } ─► snapshot beside the current one
clients ─► responder.replay(current, proposed) ─► moves by country and endpoint ─► weighed by who really asks
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction

import responder
from healthchecks.services import current_health
from regions.models import Endpoint
from simulation.clients import sampled_clients
from simulation.latencies import current as current_latencies
from simulation.services import opened
from snapshots.services import declared_policy_chunk, open_beside_current
from steering.models import Binding, Policy, Pool
from steering.services import save_policy
from telemetry.charts import countries as countries_asking
from zones.names import parse_absolute

Key = TypeVar("Key")

SAMPLES = 100_000
MAX_SAMPLES = 1_000_000
RECENTLY = timedelta(days=1)
MOST_MOVES = 100


@dataclass(frozen=True, slots=True)
class Change:
    """Pools and steps that a policy would have; None leaves what there is."""

    policy: Policy
    pools: Sequence[Pool] | None = None
    steps: Sequence[object] | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """Clients of a country, by the endpoint that they get now and then; None for none. `share` of all queries."""

    country: str
    source: str | None
    target: str | None
    share: float


def what_if(change: Change, now: datetime, samples: int = SAMPLES) -> dict[str, Any]:
    """The report of docs/simulation.md on a change that is not made.

    Raises ValidationError for a change that would be refused, snapshots.services.NothingPublishedError.
    """
    chunk = _proposed(change)
    try:
        current, proposed = open_beside_current(chunk)
    except responder.SnapshotError as error:
        raise ValidationError({"steps": [f"Edges would refuse it: {error}"]}) from error
    binding = _binding(change.policy)
    zone, name, qtype = binding.record_set.zone, binding.record_set.name, binding.record_set.type
    asked = parse_absolute(name.replace("*", "any", 1), zone.origin)
    clients = list(sampled_clients(samples))
    health, now_s = opened(current_health()), int(now.timestamp())
    rows = responder.replay(
        current, proposed, health, asked, qtype, clients, latency=current_latencies.get(), now_s=now_s
    )
    asking = _asking(change.policy, {row[0] for row in rows}, now)
    moves = _weighed(rows, asking)
    return {
        "generation": current.generation,
        "policy": change.policy.name,
        "name": asked,
        "type": qtype,
        "clients": len(clients),
        "weighed_by": "queries of the last day" if asking else "addresses",
        **_summary(moves),
    }


def _proposed(change: Change) -> bytes:
    """The policy chunk as it would be. Nothing of it stays."""
    with transaction.atomic():
        policy = Policy.objects.get(pk=change.policy.pk)
        save_policy(policy, pools=change.pools, steps=change.steps)
        chunk = declared_policy_chunk()
        transaction.set_rollback(True)
    return chunk


def _binding(policy: Policy) -> Binding:
    bound = policy.bindings.select_related("record_set__zone").order_by("record_set__type", "pk").first()
    if bound is None:
        raise ValidationError({"policy": [f"Policy {policy} answers no name: nobody would notice. Bind it first."]})
    return bound


def _asking(policy: Policy, sampled: set[str], now: datetime) -> dict[str, int]:
    """Queries of the last day by country, of those countries that there are clients of; none: nothing to weigh by."""
    asking = countries_asking(policy.pk, now - RECENTLY, now)
    return {country: count for country, count in asking.items() if country in sampled}


def _weighed(rows: Iterable[tuple[str, int, int, int]], asking: Mapping[str, int]) -> list[Moved]:
    """Moves as shares of all queries: a country counts as much as it asks, without counts as it has addresses."""
    rows = list(rows)
    sampled: Counter[str] = Counter()
    for country, _, _, queries in rows:
        sampled[country] += queries
    weights = {country: asking.get(country, 0) / queries if asking else 1 for country, queries in sampled.items()}
    total = sum(weights[country] * queries for country, queries in sampled.items())
    names = dict(Endpoint.objects.filter(pk__in={id_ for row in rows for id_ in row[1:3]}).values_list("pk", "name"))
    return [
        Moved(country, names.get(source), names.get(target), weights[country] * queries / total)
        for country, source, target, queries in rows
        if weights[country]
    ]


def _summary(moves: Sequence[Moved]) -> dict[str, Any]:
    moved = [move for move in moves if move.source != move.target]
    before = _added((move.source, move.share) for move in moves)
    after = _added((move.target, move.share) for move in moves)
    regions = dict(Endpoint.objects.filter(name__in={*before, *after} - {None}).values_list("name", "region__name"))
    return {
        "moved": sum(move.share for move in moved),
        "lost": sum(move.share for move in moved if move.target is None),
        "endpoints": [
            {"endpoint": name, "region": regions.get(name or ""), "before": before[name], "after": after[name]}
            for name in sorted({*before, *after}, key=lambda name: (-before[name], -after[name], name or ""))
        ],
        "moves": _ways(moved),
        "countries": _by_country(moves),
    }


def _ways(moved: Iterable[Moved]) -> list[dict[str, Any]]:
    ways = _added(((move.source, move.target), move.share) for move in moved)
    return [{"from": source, "to": target, "share": share} for (source, target), share in _largest(ways)[:MOST_MOVES]]


def _by_country(moves: Sequence[Moved]) -> list[dict[str, Any]]:
    shares = _added((move.country, move.share) for move in moves)
    moved = _added((move.country, move.share) for move in moves if move.source != move.target)
    return [
        {"country": country, "share": share, "moved": moved[country] / share} for country, share in _largest(shares)
    ]


def _added(shares: Iterable[tuple[Key, float]]) -> defaultdict[Key, float]:
    total: defaultdict[Key, float] = defaultdict(float)
    for key, share in shares:
        total[key] += share
    return total


def _largest(shares: Mapping[Key, float]) -> list[tuple[Key, float]]:
    return sorted(shares.items(), key=lambda pair: -pair[1])
