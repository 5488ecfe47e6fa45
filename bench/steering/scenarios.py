"""What is played: worlds, what strategies get to know of them, and the strategies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from bench.steering.baselines import Ewma, MedianOfLast, Nearest, OptimisticBound, RoundRobin, Strategy
from bench.steering.geography import COUNTRIES, REGIONS
from bench.steering.play import Setting
from bench.steering.world import Options, World
from latency.chooser import LearningChooser, Policy
from latency.estimator import Estimator
from latency.hysteresis import Switching
from latency.model import Model
from latency.population import Client, Region, locate

OURS = "ours"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A kind of world and what is known of it."""

    options: Options = field(default_factory=Options)
    setting: Setting = field(default_factory=Setting)


SCENARIOS = {
    "full": Scenario(),
    "calm": Scenario(Options(changes=0.0, noise=0.3)),
    "placeless": Scenario(setting=Setting(knows_places=False)),
    "served-only": Scenario(setting=Setting(candidates=0)),
}


def regions(setting: Setting) -> list[Region]:
    """The regions as strategies know them."""
    capacities = setting.capacity_qph or [None] * len(REGIONS)
    return [
        Region(place.name, place.latitude, place.longitude, capacity_qph)
        for place, capacity_qph in zip(REGIONS, capacities, strict=True)
    ]


def clients(world: World, knows_places: bool) -> list[Client]:
    """The clients as strategies know them."""
    known = world.clients
    keys = [f"10.{number // 256}.{number % 256}.0/24" for number in range(len(world.floor_ms))]
    if not knows_places:
        return [Client(key) for key in keys]
    return [
        Client(key, int(network), COUNTRIES[country].name, latitude, longitude)
        for key, network, country, latitude, longitude in zip(
            keys, known.network, known.country, known.latitude, known.longitude, strict=True
        )
    ]


Maker = Callable[[World, Setting, int], Strategy]


def _km(world: World, setting: Setting) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return world.km if setting.knows_places else np.full_like(world.km, np.nan)


def ours(world: World, setting: Setting, seed: int, policy: Policy | None = None) -> LearningChooser:
    """Ours, as it is served by the adapter."""
    return LearningChooser(clients(world, setting.knows_places), regions(setting), seed, policy or Policy())


def _optimistic(world: World, setting: Setting, _seed: int) -> Strategy:
    population = locate(clients(world, setting.knows_places), regions(setting))
    return OptimisticBound(population, Estimator(population, Model()), optimism=1.0)


STRATEGIES: dict[str, Maker] = {
    "round-robin": lambda world, setting, _seed: RoundRobin(_km(world, setting)),
    "geo-nearest": lambda world, setting, _seed: Nearest(_km(world, setting)),
    "EWMA per client": lambda world, setting, _seed: Ewma(_km(world, setting), Switching(), weight=0.2),
    "median of 15": lambda world, setting, _seed: MedianOfLast(_km(world, setting), Switching(), length=15),
    "UCB with the prior": _optimistic,
    OURS: ours,
}
