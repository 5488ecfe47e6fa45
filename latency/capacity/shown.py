"""A plan for people: regions by name, and only those that the reader may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from latency.capacity.models import CapacityPlan


def shown(plan: CapacityPlan, names: Mapping[int, str]) -> dict[str, Any]:
    """The numbers of a plan; `names` are those of the regions to show, by id. Shares and sums are of all regions.

    Regions are in the order of their ids, as in charts: a colour is the same region everywhere.
    """
    reports = sorted((report for report in plan.regions if report["region"] in names), key=lambda each: each["region"])
    numbers = ("made", "status", "is_held_back", "demand_per_s", "movable_per_s", "moved", "away")
    times = ("rtt_before_ms", "rtt_after_ms", "objective_ms", "solved_ms", "losses_made")
    return {name: getattr(plan, name) for name in (*numbers, *times)} | {
        "regions": [report | {"region": names[report["region"]]} for report in reports],
        "losses": [_loss(loss, names) for loss in plan.losses if loss["region"] in names],
    }


def _loss(loss: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
    overloads = [
        overload | {"region": names[overload["region"]]}
        for overload in loss["overloads"]
        if overload["region"] in names
    ]
    return {**loss, "region": names[loss["region"]], "overloads": overloads}
