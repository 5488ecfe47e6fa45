"""Where clients go when their best region is full: those who lose least go first, and only to where there is room.

    demand over a limit ──► its clients by what they would lose ──► move the cheapest until it fits or nobody has room

The limits are taken in turn: everything is kept under `low` if that can be had, under `high` if not, else under 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latency.arrays import Floats, Indices

ROUNDING = 1e-9  # of a client's weight: what sums of floats may be off by


@dataclass(frozen=True, slots=True)
class Limits:
    """Shares of capacity (S5)."""

    low: float = 0.8
    high: float = 0.95
    max_age_s: float = 3600.0  # load that is older is unknown
    keep_ms: float = 4.0  # an advantage of where a client already is, against moving to and fro


@dataclass(frozen=True, slots=True)
class Demand:
    """What regions are asked for and can take, in one unit."""

    weights: Floats  # (C,) of each client
    capacity: Floats  # (R,), infinite if unknown


def assign(rtt_ms: Floats, preferred: Indices, demand: Demand, order: Floats, limits: Limits) -> Indices:
    """The region of each client, (C,), so that as few as need be go elsewhere than `preferred` (C,).

    Takes estimates (C, R) and a number for each client (C,) that says who of two that lose alike goes first.
    """
    assigned = preferred.copy()
    rounding = ROUNDING * demand.weights.max(initial=0.0)
    for limit in (limits.low, limits.high, 1.0):
        room = limit * demand.capacity - np.bincount(assigned, demand.weights, len(demand.capacity))
        is_open = room > 0
        while (room < 0).any() and is_open.any():
            moved, targets, full = _moves(
                rtt_ms, assigned, demand.weights, np.where(is_open, room, np.minimum(room, 0)), order
            )
            room += np.bincount(assigned[moved], demand.weights[moved], len(room))
            room -= np.bincount(targets, demand.weights[moved], len(room))
            room[np.abs(room) <= rounding] = 0.0  # so that nobody is sent on from where there was just room enough
            assigned[moved] = targets
            closing = is_open[full].any()
            is_open[full] = False
            if not len(moved) and not closing:
                break
    return assigned


def _moves(
    rtt_ms: Floats, assigned: Indices, weights: Floats, room: Floats, order: Floats
) -> tuple[Indices, Indices, Indices]:
    """Clients of regions without room that go to the cheapest one with room, that region, and the regions now full."""
    leaving = np.flatnonzero((room < 0)[assigned] & (weights > 0))
    offered_ms = np.where(room > 0, rtt_ms[leaving], np.inf)
    targets = offered_ms.argmin(axis=1)
    each = np.arange(len(leaving))
    lost_ms = offered_ms[each, targets] - rtt_ms[leaving, assigned[leaving]]
    cheapest = np.lexsort((order[leaving], lost_ms))
    leaving, targets = leaving[cheapest], targets[cheapest]
    needed = _sum_before(assigned[leaving], weights[leaving]) < -room[assigned[leaving]]
    leaving, targets = leaving[needed], targets[needed]
    fits = _sum_before(targets, weights[leaving]) + weights[leaving] <= room[targets]
    return leaving[fits], targets[fits], targets[~fits]


def _sum_before(groups: Indices, weights: Floats) -> Floats:
    """For each entry, the weights of those of its group that stand before it."""
    by_group = np.argsort(groups, kind="stable")
    sums = np.cumsum(weights[by_group]) - weights[by_group]
    _, starts, sizes = np.unique(groups[by_group], return_index=True, return_counts=True)
    before = np.empty_like(sums)
    before[by_group] = sums - np.repeat(sums[starts], sizes)
    return before
