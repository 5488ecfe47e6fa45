"""What regions can take, in the queries a second that lead to it: nobody declares that, and it changes with what is up.

load reported, queries answered ─► load per query ─► capacity in queries a second, of what is there now
no queries, or hardly any load  ─► capacity declared · queries per request elsewhere; what is borne is of others
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from latency.arrays import Flags, Floats, Indices
from latency.capacity.problem import Rooms

TELLING_LOAD = 0.1  # below it, a load says little of how much a query costs


@dataclass(frozen=True, slots=True)
class Serving:
    """An endpoint as it is now; None: not known, or too old to be believed."""

    region_id: int
    is_open: bool  # it may be answered: enabled, and not down
    share: float | None  # of its capacity (healthchecks.loads)
    current: float | None  # in whatever it counts
    capacity: float | None  # in the same
    cost: float | None  # in whatever the operator counts


@dataclass(frozen=True, slots=True)
class RegionLoads:
    """What the open endpoints of each region say together, each (R,); NaN: nothing."""

    is_open: Flags
    share: Floats
    current: Floats
    capacity: Floats
    cost: Floats  # 0 if none is declared


def region_loads(ids: Indices, endpoints: Sequence[Serving]) -> RegionLoads:
    """By region, the shares weighed by the capacities if all who say a share have one, else evenly."""
    rows = [_of_region([each for each in endpoints if each.region_id == id_ and each.is_open]) for id_ in ids.tolist()]
    columns = np.array(rows, dtype=np.float64).reshape(-1, 5).T
    return RegionLoads(columns[0].astype(np.bool_), *columns[1:])


def rooms(loads: RegionLoads, queries: Floats, fixed: Floats, cost_ms: float) -> Rooms:
    """Takes the answers a second that led to each region (R,), those of them that no plan moves (R,), and what one of
    the operator's units of cost is worth in milliseconds."""
    per_request = _queries_per_request(loads, queries)
    with np.errstate(divide="ignore", invalid="ignore"):
        shown = np.where((loads.share > 0) & (queries > 0), queries / loads.share, np.nan)
        declared = loads.capacity * per_request
    is_telling = (np.nan_to_num(loads.share) >= TELLING_LOAD) & ~np.isnan(shown)
    capacity = np.where(is_telling | np.isnan(declared), shown, declared)
    capacity = np.where(np.isnan(capacity) | np.isnan(loads.share), np.inf, capacity)
    borne = np.where(np.isfinite(capacity), np.nan_to_num(loads.share) * np.nan_to_num(capacity, posinf=0.0), 0.0)
    of_others = np.maximum(borne - queries, 0.0)  # load that no answer of ours has led there
    return Rooms(capacity, fixed + of_others, loads.cost * cost_ms, loads.is_open)


def _of_region(endpoints: Sequence[Serving]) -> tuple[float, float, float, float, float]:
    saying = [each for each in endpoints if each.share is not None]
    capacities = [each.capacity for each in saying if each.capacity]
    weights = capacities if len(capacities) == len(saying) else [1.0] * len(saying)
    costs = [each.cost or 0.0 for each in endpoints]
    return (
        float(bool(endpoints)),
        float(np.average([each.share or 0.0 for each in saying], weights=weights)) if saying else np.nan,
        sum(each.current or 0.0 for each in saying) if saying else np.nan,
        sum(capacities) if saying and len(capacities) == len(saying) else np.nan,
        sum(costs) / len(costs) if costs else 0.0,
    )


def _queries_per_request(loads: RegionLoads, queries: Floats) -> float:
    """Over all regions that say both; NaN if none does."""
    known = (loads.current > 0) & (queries > 0)
    return float(queries[known].sum() / loads.current[known].sum()) if known.any() else np.nan
