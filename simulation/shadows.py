"""Shadows: a proposed policy that edges try beside the served one, and what they found it would answer.

start ─► tried as a change, like any that is simulated ─► steering.shadows ─► snapshot ─► edges
edges ─► counts by country, endpoint and the shadow's endpoint ─► read
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from regions.models import Endpoint
from simulation.report import MOST_MOVES, added, largest
from simulation.what_if import Change, bound, opened_beside_current
from steering.models import Policy, Shadow
from steering.services import steps_with_names
from steering.shadows import shadow_steps_with_names, start_shadow
from telemetry.services import Tried, tried

PERCENT = 1.0
LIFETIME = timedelta(days=1)
LONGEST = timedelta(days=7)


def start(change: Change, now: datetime, *, percent: float = PERCENT, lifetime: timedelta = LIFETIME) -> Shadow:
    """Have edges try the change on `percent` of the policy's clients until `lifetime` is over.

    Raises ValidationError for a change that would be refused, snapshots.services.NothingPublishedError.
    """
    policy = change.policy
    bound(policy)
    opened_beside_current(change, now)
    pools = policy.pools.order_by("policy_pools__position") if change.pools is None else change.pools
    steps = steps_with_names(policy) if change.steps is None else change.steps
    return start_shadow(policy, list(pools), steps, percent=percent, started=now, until=now + lifetime)


def shadow_of(policy: Policy, now: datetime) -> dict[str, Any] | None:
    """The shadow of docs/simulation.md, with what it counted so far; None: the policy has none."""
    shadow = Shadow.objects.filter(policy=policy).first()
    if shadow is None:
        return None
    return {
        "policy": policy.name,
        "pools": [row.pool.name for row in shadow.shadow_pools.select_related("pool")],
        "steps": shadow_steps_with_names(shadow),
        "percent": shadow.percent,
        "started": shadow.started,
        "until": shadow.until,
        "ended": shadow.until <= now,
        **_counted(tried(shadow.pk)),
    }


def _counted(rows: Sequence[Tried]) -> dict[str, Any]:
    total = sum(row.count for row in rows)
    apart = [row for row in rows if row.endpoint_id != row.shadow_endpoint_id]
    names = _names(rows)
    ways = added(((names[row.endpoint_id], names[row.shadow_endpoint_id]), row.count) for row in apart)
    return {
        "answers": total,
        "disagree": sum(row.count for row in apart) / total if total else None,
        "lost": sum(row.count for row in apart if row.shadow_endpoint_id == 0) / total if total else None,
        "moves": [
            {"from": source, "to": target, "share": count / total}
            for (source, target), count in largest(ways)[:MOST_MOVES]
        ],
        "countries": _by_country(rows, apart, total),
    }


def _by_country(rows: Iterable[Tried], apart: Iterable[Tried], total: int) -> list[dict[str, Any]]:
    counts = added((row.country, row.count) for row in rows)
    disagreeing = added((row.country, row.count) for row in apart)
    return [
        {"country": country, "share": count / total, "disagree": disagreeing[country] / count}
        for country, count in largest(counts)
    ]


def _names(rows: Iterable[Tried]) -> dict[int, str | None]:
    """Of endpoints by id; None for no endpoint, and for one that is deleted a name that says so."""
    ids = {endpoint for row in rows for endpoint in (row.endpoint_id, row.shadow_endpoint_id)}
    known: dict[int, str | None] = dict(Endpoint.objects.filter(pk__in=ids).values_list("pk", "name"))
    return {id_: f"endpoint {id_}, deleted" for id_ in ids} | known | {0: None}
