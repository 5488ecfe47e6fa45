"""A flash crowd: the clients of one region ask three times as much for an hour, and regions have only so much room.

Every minute all clients are given a region, and regions report how full that makes them. What counts is the demand
beyond capacity that could have been served elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.steering.baselines import Strategy
from bench.steering.world import Options, World
from latency.arrays import Flags, Floats, Indices

TICK_S = 60.0
CROWD = 3.0
CROWD_S = (1.5 * 3600.0, 2.5 * 3600.0)
OPTIONS = Options(hours=3.0, changes=0.0)
SPARE = 2.0  # capacity over the demand of those for whom a region is best
LEAST_SHARE = 0.04  # of all demand, that the smallest region can take


@dataclass(frozen=True, slots=True)
class CrowdSummary:
    """While the crowd lasts."""

    overflow_share: float  # of demand: beyond capacity, though others could have taken it
    regret_ms: float
    moved_share: float  # of demand: not at its best region


def capacities(world: World) -> tuple[Floats, Flags]:
    """Queries per hour each region can take (R,), and the clients (C,) whose best region will be crowded."""
    regions = world.floor_ms.shape[1]
    best = world.floor_ms.argmin(axis=1)
    demand = np.bincount(best, world.demand_qph(CROWD_S[0]), regions)
    return SPARE * np.maximum(demand, LEAST_SHARE * demand.sum()), best == demand.argmax()


def play_crowd(strategy: Strategy, world: World, seed: int) -> CrowdSummary:
    """Feeds `strategy` observations and load, and sums up what the crowd experiences."""
    capacity_qph, crowded = capacities(world)
    everyone = np.arange(len(world.floor_ms))
    rows: list[tuple[float, float, float]] = []
    for tick in range(int(world.options.hours * 3600 / TICK_S)):
        t_s = tick * TICK_S
        is_crowd = CROWD_S[0] <= t_s < CROWD_S[1]
        demand_qph = world.demand_qph(t_s, np.where(crowded & is_crowd, CROWD, 1.0))
        chosen = strategy.choose(everyone, demand_qph * TICK_S / 3600.0, t_s).regions
        borne_qph = np.bincount(chosen, demand_qph, len(capacity_qph)).astype(np.float64)
        if is_crowd:
            rows.append(_experience(world, chosen, demand_qph, borne_qph, capacity_qph))
        strategy.load(borne_qph / capacity_qph, t_s)
        _observe(strategy, world, np.random.default_rng([seed, tick]), chosen, t_s)
    overflow, regret_ms, moved = np.mean(rows, axis=0)
    return CrowdSummary(float(overflow), float(regret_ms), float(moved))


def _experience(
    world: World, chosen: Indices, demand_qph: Floats, borne_qph: Floats, capacity_qph: Floats
) -> tuple[float, float, float]:
    beyond = np.maximum(borne_qph - capacity_qph, 0.0).sum() - max(demand_qph.sum() - capacity_qph.sum(), 0.0)
    regret_ms = world.floor_ms[np.arange(len(chosen)), chosen] - world.floor_ms.min(axis=1)
    moved = chosen != world.floor_ms.argmin(axis=1)
    share = demand_qph / demand_qph.sum()
    return float(beyond / demand_qph.sum()), float((regret_ms * share).sum()), float(share[moved].sum())


def _observe(strategy: Strategy, world: World, rng: np.random.Generator, chosen: Indices, t_s: float) -> None:
    """Some clients measure their region and two others."""
    who = np.flatnonzero(world.views(rng, t_s, TICK_S))
    regions = np.concatenate([chosen[who], rng.integers(0, world.floor_ms.shape[1], 2 * len(who))])
    clients = np.tile(who, 3)
    strategy.observe(clients, regions, world.observe(rng, clients, world.floor_ms[clients, regions]), t_s)
