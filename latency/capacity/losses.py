"""What if a region were lost: where its clients would go, and whether there is room for them (N-1).

lost region closed ─┬─► at once: everyone to their next region ─────────► loads, round trip
                    └─► by the next plans: whatever the solver finds ───► loads, round trip
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from latency.arrays import Flags, Floats, Indices
from latency.capacity.problem import Crowd, Rooms, loads, mean_rtt_ms
from latency.capacity.solver import solve

LEAST_DEMAND = 1e-9  # so that a group without demand has a mean as well


@dataclass(frozen=True, slots=True)
class Loss:
    """What would come of the loss of one region. Loads are shares of capacity, (R,), NaN if that is unknown."""

    column: int
    load_at_once: Floats
    load_planned: Floats
    rtt_at_once_ms: float  # mean of all demand that a plan can move
    rtt_planned_ms: float


def losses(crowd: Crowd, rooms: Rooms, shares: Floats) -> list[Loss]:
    """Of each open region, while the others are open and groups are served by `shares` (G, R). Raises SolverError."""
    columns = np.flatnonzero(rooms.is_open).tolist()
    return [_loss(crowd, rooms, shares, column) for column in columns] if len(columns) > 1 else []


def together(crowd: Crowd, shares: Floats, names: Indices) -> tuple[Crowd, Floats]:
    """A crowd of fewer groups, and their shares: those of one name (G,), who prefer the same region, are one.

    A program is solved for each region: what the networks of a country differ in matters little there.
    """
    unique, first, group = np.unique(names, return_index=True, return_inverse=True)
    demand = np.bincount(group, crowd.demand, len(unique)).astype(np.float64)
    weights = np.maximum(crowd.demand, LEAST_DEMAND)
    totals = np.bincount(group, weights, len(unique))[:, None]

    def mean(rows: Floats) -> Floats:
        sums = np.zeros((len(unique), rows.shape[1]))
        np.add.at(sums, group, rows * weights[:, None])
        return np.asarray(sums / totals)

    return Crowd(demand, mean(crowd.rtt_ms), crowd.preferred[first], mean(crowd.present)), mean(shares)


def _loss(crowd: Crowd, rooms: Rooms, shares: Floats, lost: int) -> Loss:
    is_open = rooms.is_open & (np.arange(len(rooms.is_open)) != lost)
    moved = _elsewhere(crowd, shares, lost, is_open)
    fixed = _fixed_elsewhere(crowd, rooms, shares, moved, lost)
    left = replace(rooms, is_open=is_open, fixed=fixed)
    planned = solve(crowd, left).shares
    return Loss(
        lost,
        _load(crowd, left, moved),
        _load(crowd, left, planned),
        mean_rtt_ms(crowd, moved),
        mean_rtt_ms(crowd, planned),
    )


def _elsewhere(crowd: Crowd, shares: Floats, lost: int, is_open: Flags) -> Floats:
    """The shares without the lost region: what was there goes to the next one of each group."""
    following = np.where(is_open, crowd.rtt_ms, np.inf).argmin(axis=1)
    moved = shares.copy()
    moved[:, lost] = 0.0
    moved[np.arange(len(moved)), following] += shares[:, lost]
    return moved


def _fixed_elsewhere(crowd: Crowd, rooms: Rooms, shares: Floats, moved: Floats, lost: int) -> Floats:
    """Who comes to the lost region whatever the plan goes where its other clients go; evenly, if it has none."""
    gained = np.maximum(crowd.demand @ (moved - shares), 0.0)
    spread = gained if gained.sum() > 0 else rooms.is_open * 1.0
    spread = np.where(np.arange(len(spread)) == lost, 0.0, spread)
    fixed = rooms.fixed + rooms.fixed[lost] * spread / spread.sum()
    fixed[lost] = 0.0
    return np.asarray(fixed)


def _load(crowd: Crowd, rooms: Rooms, shares: Floats) -> Floats:
    return np.where(np.isfinite(rooms.capacity), loads(crowd, shares, rooms.fixed) / rooms.capacity, np.nan)
