"""Days of demand of one region, ten minutes a step: a curve of day and week, growth, noise that lasts, crowds."""

from __future__ import annotations

import numpy as np

from latency.arrays import Floats
from latency.capacity.forecast import DAY


def demand(seed: int, days: int) -> Floats:
    """Queries a second, (days · DAY,)."""
    chance = np.random.default_rng(seed)
    steps = np.arange(days * DAY)
    hours = steps / 6
    peak_h, depth = chance.uniform(0, 24), chance.uniform(0.3, 0.9)
    daily = 1 + depth * np.cos((hours - peak_h) * np.pi / 12) + 0.2 * np.cos((hours - peak_h) * np.pi / 6)
    weekend = 1 - chance.uniform(0, 0.35) * ((hours // 24) % 7 >= 5)
    growth = (1 + chance.uniform(-0.01, 0.02)) ** (hours / 24)
    drift = _lasting(chance, len(steps), keeps=0.995, spread=0.12)
    noise = _lasting(chance, len(steps), keeps=0.6, spread=0.04)
    return np.asarray(100 * daily * weekend * growth * np.exp(drift + noise) * _crowds(chance, len(steps)))


def _lasting(chance: np.random.Generator, steps: int, keeps: float, spread: float) -> Floats:
    """Deviations that fade (AR(1)), with this standard deviation in the long run."""
    pushes = chance.normal(0, spread * np.sqrt(1 - keeps**2), steps)
    found = np.zeros(steps)
    for step in range(1, steps):
        found[step] = keeps * found[step - 1] + pushes[step]
    return found


def _crowds(chance: np.random.Generator, steps: int) -> Floats:
    """Once in three days or so, one to three times more for some two hours."""
    found = np.ones(steps)
    for begin in np.flatnonzero(chance.random(steps) < 1 / (3 * DAY)):
        after = np.arange(steps - begin)
        found[begin:] += chance.uniform(0.3, 2.0) * np.exp(-after / 12.0)
    return found
