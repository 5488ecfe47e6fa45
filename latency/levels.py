"""The levels above the prefix. Each holds what the ones before it leave unexplained.

    level      residual shared by             κ with the defaults
    everyone   all clients, per region        20
    country    clients of one country          8
    network    clients of one network          2

κ = (variance of an observation around the residual of its group) / (variance of such residuals among groups). Where the
distance is unknown, the first known level stands in for it: its residuals vary more, so that it needs less evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from latency.arrays import Flags, Floats, Indices
from latency.means import RunningMeans
from latency.model import Model
from latency.population import UNKNOWN, Population

EVERYONE = 1  # the one group of its level; 0 would be the unknown one


@dataclass(frozen=True, slots=True)
class Expectation:
    """Of some clients before their own observations, all (C, R) in ms, the variance of its error in ms²."""

    parts_ms: tuple[Floats, ...]  # distance, everyone, country, network
    variance: Floats

    @property
    def rtt_ms(self) -> Floats:
        """The sum of the parts."""
        return np.asarray(sum(self.parts_ms))


class Levels:
    """Residuals of everyone, countries and networks over what distance explains."""

    def __init__(self, population: Population, model: Model) -> None:
        networks, countries = population.group_counts
        self._model = model
        self._km = population.km
        self._groups = (np.full_like(population.networks, EVERYONE), population.countries, population.networks)
        self._levels = (model.everyone, model.country, model.network)
        self._means = tuple(
            RunningMeans(rows, population.km.shape[1], level.max_count, model.half_life_s)
            for rows, level in zip((2, countries, networks), self._levels, strict=True)
        )

    def counts(self, clients: Indices, t_s: float) -> tuple[Floats, Floats, Floats]:
        """Observations remembered of everyone, the country and the network of each client, each (C, R)."""
        everyone, country, network = (
            means.counts(rows[clients], t_s) for means, rows in zip(self._means, self._groups, strict=True)
        )
        return everyone, country, network

    def has_distance(self, clients: Indices) -> Flags:
        """Whether the distance is known, (C, R)."""
        return ~np.isnan(self._km[clients])

    def is_placeless(self, clients: Indices) -> Flags:
        """Whether neither a distance nor a group says anything of where a client is, (C,)."""
        return ~self.has_distance(clients).any(axis=1) & ~self._is_known(1, clients) & ~self._is_known(2, clients)

    def expected(self, clients: Indices, t_s: float) -> Expectation:
        """What the levels say, and how wrong they may be."""
        parts_ms = [self._distance_ms(clients)]
        variance = np.zeros_like(parts_ms[0])
        spreads = self._spreads(clients)
        noise = self._model.noise_ms**2 + sum(spreads)
        for means, groups, spread in zip(self._means, self._groups, spreads, strict=False):
            noise = noise - spread  # what varies within the groups of this level
            counts = means.counts(groups[clients], t_s)
            known = spread * counts / (spread * counts + noise)  # n / (n + κ)
            parts_ms.append(known * means.means_ms[groups[clients]])
            variance += spread * (1 - known)
        stands_in = np.where(self.is_placeless(clients)[:, None], 0.0, spreads[3] - self._model.prefix.spread_ms**2)
        return Expectation(tuple(parts_ms), variance + stands_in)

    def add(self, clients: Indices, regions: Indices, rtt_ms: Floats, parts_ms: Sequence[Floats], t_s: float) -> None:
        """Takes observations less the last mile of their clients, each (N,), and the parts that were expected of each."""
        rest_ms = rtt_ms
        for means, groups, part_ms in zip(self._means, self._groups, parts_ms, strict=False):
            rest_ms = rest_ms - part_ms
            rows = groups[clients]
            known = rows != UNKNOWN
            means.add(rows[known], regions[known], rest_ms[known], t_s)

    def extend(self, clients: int) -> None:
        """Makes room for clients of whom nothing is known."""
        self._km = np.concatenate([self._km, np.full((clients, self._km.shape[1]), np.nan)])
        new = (EVERYONE, UNKNOWN, UNKNOWN)
        self._groups = tuple(
            np.append(groups, np.full(clients, group)) for groups, group in zip(self._groups, new, strict=True)
        )

    def _distance_ms(self, clients: Indices) -> Floats:
        km = self._km[clients]
        return self._model.base_ms + self._model.slope_ms_per_km * np.where(np.isnan(km), self._model.unknown_km, km)

    def _is_known(self, level: int, clients: Indices) -> Flags:
        return self._groups[level][clients] != UNKNOWN

    def _spreads(self, clients: Indices) -> list[Floats]:
        """Variance among everyone, countries, networks and prefixes, each (C, R)."""
        unknown = np.where(self.has_distance(clients), 0.0, self._model.unknown_distance_spread_ms**2)
        country, network = self._is_known(1, clients)[:, None], self._is_known(2, clients)[:, None]
        stands_in = (np.zeros_like(country), country, network & ~country, ~network & ~country)
        levels = (*self._levels, self._model.prefix)
        return [level.spread_ms**2 + unknown * stand for level, stand in zip(levels, stands_in, strict=True)]
