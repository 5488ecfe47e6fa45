"""What the solver is asked, and what it says. G groups of clients that prefer one region each, R regions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latency.arrays import Flags, Floats, Indices

TIERS = ((0.8, 0.0), (0.95, 100.0), (1.0, 400.0), (np.inf, 4000.0))
"""Up to which share of its capacity a region is filled, and what a query in that tier costs in ms on top: so that a
region stays at its target, clients are sent 100 ms further at most. The shares are those of a `load` step."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """What regions can take, in the queries a second that lead to it."""

    capacity: Floats  # (R,), infinite if unknown
    fixed: Floats  # (R,) queries that come whatever the plan says
    cost_ms: Floats  # (R,) what serving a query there costs, in milliseconds of round trip
    is_open: Flags  # (R,) whether anything there can serve


@dataclass(frozen=True, slots=True)
class Crowd:
    """Those whom a plan can move."""

    demand: Floats  # (G,) queries a second
    rtt_ms: Floats  # (G, R)
    preferred: Indices  # (G,) open regions
    present: Floats  # (G, R) shares by the plan in force; rows sum to one, and closed regions have none


@dataclass(frozen=True, slots=True)
class Solution:
    """Shares of each group by region, and what comes of them."""

    shares: Floats  # (G, R), rows sum to one
    price_ms: Floats  # (R,) what one query less to serve there would save
    is_held_back: bool  # more would have moved at once if it might


def loads(crowd: Crowd, shares: Floats, fixed: Floats) -> Floats:
    """Queries a second by region, (R,)."""
    return np.asarray(crowd.demand @ shares + fixed)


def preferring(preferred: Indices, regions: int) -> Floats:
    """The shares (G, R) if everyone were served where they prefer to be."""
    return np.eye(regions)[preferred]


def moved_share(crowd: Crowd, before: Floats, after: Floats) -> float:
    """Which share of the demand is served elsewhere by one than by the other, each (G, R)."""
    total = crowd.demand.sum()
    return float(crowd.demand @ np.maximum(after - before, 0.0).sum(axis=1) / total) if total else 0.0


def mean_rtt_ms(crowd: Crowd, shares: Floats) -> float:
    """Over all demand; 0 without any."""
    total = crowd.demand.sum()
    return float(crowd.demand @ (crowd.rtt_ms * shares).sum(axis=1) / total) if total else 0.0
