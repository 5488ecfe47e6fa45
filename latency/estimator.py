"""Predicted round-trip times, learned observation by observation.

    distance ─► everyone ─► country ─► network ─► prefix (posterior.py) ─► prediction, its error, what carries it
                 each level: a running mean of what the levels before it leave, shrunk by n / (n + κ)

Pure: the time is an argument, and the same observations in the same order give the same estimates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from latency.arrays import Floats, Indices
from latency.groups import GroupEstimates, GroupKind
from latency.levels import Levels
from latency.means import RunningMeans
from latency.model import Model
from latency.noise import Noise
from latency.population import Population, nowhere
from latency.posterior import posterior, surprise
from latency.related import learned_covariance
from latency.rows import Rows, State, named, part_of
from latency.shifts import Shifts
from latency.source import ENOUGH, sources
from latency.strikes import Strikes

LEAST_RTT_MS = 0.1  # no estimate says less


@dataclass(frozen=True, slots=True)
class Prediction:
    """Of some clients towards all regions, each (C, R)."""

    rtt_ms: Floats
    error_ms: Floats  # standard error of rtt_ms


@dataclass(frozen=True, slots=True)
class Evidence:
    """Behind a prediction, each (C, R)."""

    source: Indices  # of `Source`: the level that carries it
    samples: Floats  # observations of that level; they fade with age


class Estimator:
    """Knows clients and regions by their numbers, as `Population` has them."""

    def __init__(self, population: Population, model: Model) -> None:
        clients, regions = population.km.shape
        self._model = model
        self._levels = Levels(population, model)
        self._prefixes = RunningMeans(clients, regions, model.prefix.max_count, model.half_life_s)
        self._shifts = Shifts(clients, regions, model.shift_half_life_s)
        self._strikes = Strikes(clients, regions, model.strikes)
        self._noise = Noise(clients, model)
        self._clients = clients
        placed = model.last_mile_spread_ms**2 + np.eye(regions) * model.prefix.spread_ms**2
        self._assumed = np.stack([placed, placed + np.eye(regions) * model.unknown_distance_spread_ms**2])
        self._covariances = self._assumed

    def predict(self, clients: Indices, t_s: float) -> Prediction:
        """What is believed of `clients` at a time."""
        expected = self._levels.expected(clients, t_s)
        mean, variance, _ = self._posterior(clients, expected.variance, self._prefixes.counts(clients, t_s))
        rtt_ms = expected.rtt_ms + self._shifts.at(clients, t_s) + mean
        return Prediction(np.maximum(rtt_ms, LEAST_RTT_MS), np.sqrt(variance))

    def evidence(self, clients: Indices, t_s: float) -> Evidence:
        """What the predictions for `clients` at a time rest on."""
        counts = self._prefixes.counts(clients, t_s)
        return Evidence(*sources(counts, self._levels.counts(clients, t_s), self._levels.has_distance(clients)))

    def samples(self, clients: Indices, t_s: float) -> Floats:
        """Observations of their own that are remembered of `clients`, (C,)."""
        return np.asarray(self._prefixes.counts(clients, t_s).sum(axis=1))

    def observe(self, clients: Indices, regions: Indices, rtt_ms: Floats, t_s: float) -> None:
        """Takes observations of about one moment, each (N,); a cell may be observed more than once."""
        remaining = np.arange(len(clients))
        while len(remaining):
            cells = clients[remaining] * self._prefixes.means_ms.shape[1] + regions[remaining]
            first = np.unique(cells, return_index=True)[1]
            now = remaining[first]
            self._observe_once(clients[now], regions[now], rtt_ms[now], t_s)
            remaining = np.delete(remaining, first)

    def relate(self, t_s: float) -> None:
        """Learns anew how regions go together. Costs time with the number of clients; once in a while is enough."""
        everyone = np.arange(self._clients)
        placeless = self._levels.is_placeless(everyone)
        self._covariances = np.stack(
            [self._related(everyone[placeless == number], self._assumed[number], t_s) for number in (0, 1)]
        )

    def extend(self, clients: int) -> None:
        """Makes room for clients of whom nothing is known."""
        self.admit(nowhere(clients, len(self._assumed[0])))

    def admit(self, newcomers: Population) -> None:
        """Makes room for clients of whom no more is known than where they are; their groups may be new as well."""
        self._levels.extend(newcomers)
        for _name, part in self._rows():
            part.extend(len(newcomers.networks))
        self._clients += len(newcomers.networks)

    def keep(self, clients: Indices) -> None:
        """Forgets all clients but these, which are numbered anew; what they taught their groups stays."""
        self._levels.keep(clients)
        for _name, part in self._rows():
            part.keep(clients)
        self._clients = len(clients)

    def groups(self, networks: Indices, countries: Indices, t_s: float) -> list[GroupEstimates]:
        """What everyone and these groups say of a client of whom nothing else is known."""
        placed, placeless = self._covariances.diagonal(axis1=1, axis2=2)
        return [
            replace(each, variance=each.variance + (placeless if each.kind == GroupKind.PLACELESS else placed))
            for each in self._levels.groups(networks, countries, t_s)
        ]

    def state(self) -> State:
        """All that was learned, by name. Who clients are, and the model, are not in it."""
        parts = [named(self._levels.state(), "levels"), {"covariances": self._covariances}]
        return {key: array for part in parts for key, array in part.items()} | {
            key: array for name, part in self._rows() for key, array in named(part.state(), name).items()
        }

    def restore(self, state: State) -> None:
        """Goes on from what state() said of the same clients and regions."""
        self._levels.restore(part_of(state, "levels"))
        self._covariances = state.get("covariances", self._assumed)
        for name, part in self._rows():
            part.restore(part_of(state, name))

    def _rows(self) -> list[tuple[str, Rows]]:
        return [
            ("prefixes", self._prefixes),
            ("shifts", self._shifts),
            ("strikes", self._strikes),
            ("noise", self._noise),
        ]

    def _related(self, clients: Indices, assumed: Floats, t_s: float) -> Floats:
        counts, means = self._prefixes.counts(clients, t_s), self._prefixes.means_ms[clients]
        return learned_covariance(assumed, counts, means, self._noise.deviation_ms(clients), self._model.related_pairs)

    def _posterior(self, clients: Indices, variance: Floats, counts: Floats) -> tuple[Floats, Floats, Floats]:
        covariance = self._covariances[self._levels.is_placeless(clients).astype(np.int64)]
        diagonal = np.arange(counts.shape[1])
        covariance[:, diagonal, diagonal] += variance
        means_ms = self._prefixes.means_ms[clients]
        covariance *= surprise(covariance, counts, means_ms, self._model.surprise_count)[:, None, None]
        return posterior(covariance, counts, means_ms, self._noise.deviation_ms(clients))

    def _observe_once(self, clients: Indices, regions: Indices, rtt_ms: Floats, t_s: float) -> None:
        """Takes at most one observation of each cell."""
        known, rows = np.unique(clients, return_inverse=True)
        at = rows, regions
        expected = self._levels.expected(known, t_s)
        mean, variance, pull = self._posterior(known, expected.variance, self._prefixes.counts(known, t_s))
        shifts_ms = self._shifts.at(known, t_s)[at]
        above_ms = expected.rtt_ms[at] + shifts_ms
        deviation_ms = rtt_ms - above_ms - mean[at]
        tolerance_ms = self._tolerance_ms(clients, variance[at])
        clipped_ms = np.clip(deviation_ms, -tolerance_ms, tolerance_ms)
        accepted_ms = rtt_ms - deviation_ms + clipped_ms
        self._learn_noise(clients, regions, rtt_ms - above_ms, tolerance_ms, t_s)
        self._prefixes.add(clients, regions, accepted_ms - above_ms, t_s)
        sides = np.sign(deviation_ms - clipped_ms).astype(np.int64)
        struck, strikes_ms = self._strikes.count(clients, regions, sides, rtt_ms - above_ms)
        self._shifts.put(clients, regions, shifts_ms + np.where(struck, strikes_ms - mean[at], 0.0), t_s)
        self._prefixes.limit(clients[struck], regions[struck], self._model.count_after_reset)
        last_mile_ms = self._model.last_mile_spread_ms**2 * pull
        self._levels.add(
            clients, regions, accepted_ms - last_mile_ms[rows], [part[at] for part in expected.parts_ms], t_s
        )

    def _tolerance_ms(self, clients: Indices, variance: Floats) -> Floats:
        expected = np.sqrt(self._noise.deviation_ms(clients) ** 2 + variance)
        return np.asarray(np.maximum(self._model.tolerance_ms, self._model.tolerance_deviations * expected))

    def _learn_noise(
        self, clients: Indices, regions: Indices, residuals_ms: Floats, limit_ms: Floats, t_s: float
    ) -> None:
        """From how far cells are from their own mean: how wrong the levels above are is no noise."""
        counts = self._prefixes.counts(clients, t_s)[np.arange(len(clients)), regions]
        again = counts >= ENOUGH
        apart_ms = np.abs(residuals_ms - self._prefixes.means_ms[clients, regions])[again]
        squares = np.minimum(apart_ms, self._model.noise_tolerance * limit_ms[again]) ** 2
        self._noise.add(clients[again], squares / (1 + 1 / counts[again]))
