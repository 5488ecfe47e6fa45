"""Plays a strategy through a world and keeps what its users experience.

Every five minutes each client with page views is given a region. Each view then measures the round trip to it, and to
the further candidates that a measuring page is given: one of the four nearest, one of all.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator

from bench.steering.baselines import Strategy
from bench.steering.score import Score
from bench.steering.world import World
from latency.arrays import Floats, Indices

TICK_S = 300.0
NEAR_CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class Setting:
    """What a strategy gets to know."""

    knows_places: bool = True
    candidates: int = 2  # that a page view measures beside the region it is served from
    capacity_qph: tuple[float, ...] | None = None  # of each region


@dataclass(slots=True)
class Candidates:
    """Which further regions views measure; the same for every strategy."""

    near: Indices = field()  # (C, NEAR_CANDIDATES)
    regions: int

    @classmethod
    def of(cls, km: Floats, knows_places: bool) -> Candidates:
        """Of distances (C, R); without places any region is as near as any other."""
        order = np.argsort(km, axis=1)[:, :NEAR_CANDIDATES]
        return cls(order if knows_places else np.tile(np.arange(km.shape[1]), (len(km), 1)), km.shape[1])

    def draw(self, rng: Generator, clients: Indices) -> Indices:
        """Two for each view, (N, 2)."""
        near = self.near[clients, rng.integers(0, self.near.shape[1], len(clients))]
        return np.stack([near, rng.integers(0, self.regions, len(clients))], axis=1)


def play(strategy: Strategy, world: World, setting: Setting, seed: int) -> Score:
    """Scores `strategy`; what views there are, and their noise, follow from `seed` and not from what it chooses."""
    candidates = Candidates.of(world.km, setting.knows_places)
    score = Score(world)
    for tick in range(int(world.options.hours * 3600 / TICK_S)):
        t_s = tick * TICK_S
        rng = np.random.default_rng([seed, tick])
        true_ms = world.rtt_ms(t_s)
        views = world.views(rng, t_s, TICK_S)
        clients = np.flatnonzero(views)
        chosen = strategy.choose(clients, views[clients].astype(np.float64), t_s).regions
        score.count(t_s, clients, chosen, views[clients], true_ms[clients])
        each = np.repeat(np.arange(len(clients)), views[clients])
        _observe(strategy, world, rng, (clients[each], chosen[each]), candidates, setting, true_ms, t_s)
    return score


def _observe(
    strategy: Strategy,
    world: World,
    rng: Generator,
    served: tuple[Indices, Indices],
    candidates: Candidates,
    setting: Setting,
    true_ms: Floats,
    t_s: float,
) -> None:
    """Each view (N,) measures; clients that are never seen do not."""
    clients, chosen = served
    further = candidates.draw(rng, clients)
    regions = np.concatenate([chosen[:, None], further], axis=1)
    who = np.repeat(clients, 3)
    rtt_ms = world.observe(rng, who, true_ms[who, regions.ravel()]).reshape(regions.shape)
    seen = ~world.clients.is_unseen[clients]
    width = 1 + setting.candidates
    measured, rtt_ms = regions[seen, :width], rtt_ms[seen, :width]
    strategy.observe(np.repeat(clients[seen], width), measured.ravel(), rtt_ms.ravel(), t_s)
