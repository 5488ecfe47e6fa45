"""A plan as it is kept, for those who show it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from latency.blobs import packed
from latency.capacity.learned import Learned
from latency.capacity.models import CapacityPlan
from latency.capacity.moves import Moves


def region_report(region: int, **said: Any) -> dict[str, Any]:
    report: dict[str, Any] = {"region": region, "is_open": True, "load": 0.9, "target": 0.8, "capacity_per_s": 100.0}
    report |= {
        "before_per_s": 120.0,
        "after_per_s": 80.0,
        "fixed_per_s": 10.0,
        "forecast_per_s": 150.0,
        "load_before": 1.2,
        "load_after": 0.8,
    }
    report |= {"planned_share": 0.6, "observed_share": 0.7, "price_ms": 12.5, "cost_ms": 0.0, "forecast_per_s": 150.0}
    return report | said


def loss_report(region: int, other: int) -> dict[str, Any]:
    overload = {"region": other, "load_at_once": 1.7, "load_planned": 1.1}
    return {"region": region, "overloads": [overload], "cost_at_once_ms": 21.0, "cost_planned_ms": 34.0}


def keep_plan(made: datetime, regions: list[dict[str, Any]], losses: list[dict[str, Any]], **said: Any) -> CapacityPlan:
    numbers: dict[str, Any] = {
        "demand_per_s": 130.0,
        "movable_per_s": 120.0,
        "moved": 0.1,
        "away": 0.3,
        "rtt_before_ms": 20.0,
    }
    numbers |= {"rtt_after_ms": 29.5, "objective_ms": 29.5, "solved_ms": 40.0, "losses_made": made}
    numbers |= {"moves": packed(Moves.none().state()), "learned": packed(Learned.nothing().state())}
    numbers |= {"status": "within", "is_held_back": True}
    return CapacityPlan.objects.create(made=made, regions=regions, losses=losses, **(numbers | said))
