"""A plan in numbers, as it is kept and shown. Regions by id; NaN becomes None: not known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict

import numpy as np

from latency.arrays import Floats, Indices
from latency.capacity.losses import Loss
from latency.capacity.problem import TIERS, Crowd, Rooms, Solution, loads, preferring

ROUNDING = 1e-3  # of a share of capacity: solver and lines of the plan round


class Status(StrEnum):
    """How regions are by a plan, the worst of them."""

    UNKNOWN = "unknown"  # none says how loaded it is
    WITHIN = "within"  # all are within their targets
    ABOVE_TARGET = "above_target"
    OVERLOADED = "overloaded"


class RegionReport(TypedDict):
    """One region. Loads are shares of capacity, rates are queries a second."""

    region: int
    is_open: bool
    load: float | None  # as its endpoints say
    target: float
    capacity_per_s: float | None
    before_per_s: float  # if everyone were served where they prefer to be
    after_per_s: float  # by the plan
    forecast_per_s: float | None  # without a plan, in an hour; the plan has room for it if it is more than now
    fixed_per_s: float  # of these, who come whatever the plan says
    load_before: float | None
    load_after: float | None
    planned_share: float | None  # of all queries, by the plan before, of what was asked while it was in force
    observed_share: float | None  # of all queries, in the same time
    price_ms: float  # what one query less to serve there would save
    cost_ms: float


class Overload(TypedDict):
    """A region that would be above its target."""

    region: int
    load_at_once: float | None
    load_planned: float | None


class LossReport(TypedDict):
    """What if this region were lost."""

    region: int
    overloads: list[Overload]
    cost_at_once_ms: float  # what the mean round trip would rise by
    cost_planned_ms: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What a plan is shown beside, each (R,); NaN: not known."""

    load: Floats
    forecast: Floats  # queries a second
    planned_share: Floats
    observed_share: Floats


def region_reports(ids: Indices, crowd: Crowd, rooms: Rooms, solution: Solution, seen: Seen) -> list[RegionReport]:
    """One for each region."""
    before = loads(crowd, preferring(crowd.preferred, len(ids)), rooms.fixed)
    after = loads(crowd, solution.shares, rooms.fixed)
    return [
        {
            "region": region,
            "is_open": bool(rooms.is_open[column]),
            "load": known(seen.load[column]),
            "target": TIERS[0][0],
            "capacity_per_s": known(rooms.capacity[column]),
            "before_per_s": float(before[column]),
            "after_per_s": float(after[column]),
            "forecast_per_s": known(seen.forecast[column]),
            "fixed_per_s": float(rooms.fixed[column]),
            "load_before": known(_share(before[column], rooms.capacity[column])),
            "load_after": known(_share(after[column], rooms.capacity[column])),
            "planned_share": known(seen.planned_share[column]),
            "observed_share": known(seen.observed_share[column]),
            "price_ms": float(solution.price_ms[column]),
            "cost_ms": float(rooms.cost_ms[column]),
        }
        for column, region in enumerate(ids.tolist())
    ]


def loss_reports(ids: Indices, found: Sequence[Loss], rtt_ms: float) -> list[LossReport]:
    """One for each loss; `rtt_ms` is the mean round trip without it."""
    return [
        {
            "region": int(ids[loss.column]),
            "overloads": _overloads(ids, loss),
            "cost_at_once_ms": loss.rtt_at_once_ms - rtt_ms,
            "cost_planned_ms": loss.rtt_planned_ms - rtt_ms,
        }
        for loss in found
    ]


def status_of(reports: Sequence[RegionReport]) -> Status:
    """The worst of all regions."""
    worst = max((report["load_after"] for report in reports if report["load_after"] is not None), default=None)
    if worst is None:
        return Status.UNKNOWN
    if worst > 1.0 + ROUNDING:
        return Status.OVERLOADED
    return Status.ABOVE_TARGET if worst > TIERS[0][0] + ROUNDING else Status.WITHIN


def known(value: float) -> float | None:
    """None for what is not known or has no bound."""
    return float(value) if math.isfinite(value) else None


def _share(load: float, capacity: float) -> float:
    return load / capacity if math.isfinite(capacity) and capacity > 0 else math.nan


def _overloads(ids: Indices, loss: Loss) -> list[Overload]:
    above = np.flatnonzero(np.fmax(loss.load_at_once, loss.load_planned) > TIERS[0][0] + ROUNDING)
    return [
        {
            "region": int(ids[column]),
            "load_at_once": known(loss.load_at_once[column]),
            "load_planned": known(loss.load_planned[column]),
        }
        for column in above.tolist()
    ]
