"""The levels above the prefix. Each holds what the ones before it leave unexplained.

    level      residual shared by             κ with the defaults
    everyone   all clients, per region        26
    country    clients of one country         11
    network    clients of one network          3

κ = (variance of an observation around the residual of its group) / (variance of such residuals among groups). Where the
distance is unknown, the first known level stands in for it: its residuals vary more, so that it needs less evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from latency.arrays import Flags, Floats, Indices
from latency.means import RunningMeans
from latency.model import Model
from latency.population import UNKNOWN, Population


class Kind(IntFlag):
    """What is known of a client towards a region."""

    DISTANCE = 1
    COUNTRY = 2
    NETWORK = 4
    COUNT = 8  # of the combinations


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
        self._unknown_ms = model.base_ms + model.slope_ms_per_km * model.unknown_km
        distance_ms = model.base_ms + model.slope_ms_per_km * population.km
        self._distance_ms = np.where(np.isnan(distance_ms), self._unknown_ms, distance_ms)
        self._kinds = _kinds(population)
        self._is_placeless: Flags = (self._kinds == 0).all(axis=1)
        self._spreads = _spreads(model)
        self._noises = (
            model.noise_ms**2 + np.cumsum(self._spreads[::-1], axis=0)[::-1][1:]
        )  # within the groups of a level
        self._stand_ins = self._spreads[3] - model.prefix.spread_ms**2
        self._groups = (np.full_like(population.networks, EVERYONE), population.countries, population.networks)
        self._means = tuple(
            RunningMeans(rows, population.km.shape[1], level.max_count, model.half_life_s)
            for rows, level in ((2, model.everyone), (countries, model.country), (networks, model.network))
        )

    def counts(self, clients: Indices, t_s: float) -> tuple[Floats, Floats, Floats]:
        """Observations remembered of everyone, the country and the network of each client, each (C, R)."""
        everyone, country, network = (
            means.counts(rows[clients], t_s) for means, rows in zip(self._means, self._groups, strict=True)
        )
        return everyone, country, network

    def has_distance(self, clients: Indices) -> Flags:
        """Whether the distance is known, (C, R)."""
        return np.asarray(np.bitwise_and(self._kinds[clients], int(Kind.DISTANCE)), dtype=np.bool_)

    def is_placeless(self, clients: Indices) -> Flags:
        """Whether neither a distance nor a group says anything of where a client is, (C,)."""
        return self._is_placeless[clients]

    def expected(self, clients: Indices, t_s: float) -> Expectation:
        """What the levels say, and how wrong they may be."""
        kinds = self._kinds[clients]
        parts_ms = [self._distance_ms[clients]]
        variance = np.where(self._is_placeless[clients, None], 0.0, self._stand_ins[kinds])  # their covariance has it
        for number, (means, groups) in enumerate(zip(self._means, self._groups, strict=True)):
            rows = groups[clients]
            spread, noise = self._spreads[number][kinds], self._noises[number][kinds]
            counts = means.counts(rows, t_s)
            known = spread * counts / (spread * counts + noise)  # n / (n + κ)
            parts_ms.append(known * means.means_ms[rows])
            variance += spread * (1 - known)
        return Expectation(tuple(parts_ms), variance)

    def add(self, clients: Indices, regions: Indices, rtt_ms: Floats, parts_ms: Sequence[Floats], t_s: float) -> None:
        """Takes observations less the last mile of their clients, and the parts expected of each, all (N,)."""
        rest_ms = rtt_ms
        for means, groups, part_ms in zip(self._means, self._groups, parts_ms, strict=False):
            rest_ms = rest_ms - part_ms
            rows = groups[clients]
            known = rows != UNKNOWN
            means.add(rows[known], regions[known], rest_ms[known], t_s)

    def extend(self, clients: int) -> None:
        """Makes room for clients of whom nothing is known."""
        nowhere = np.full((clients, self._distance_ms.shape[1]), self._unknown_ms)
        self._distance_ms = np.concatenate([self._distance_ms, nowhere])
        self._kinds = np.concatenate([self._kinds, np.zeros_like(nowhere, dtype=np.int8)])
        self._is_placeless = np.append(self._is_placeless, np.ones(clients, dtype=np.bool_))
        everyone, countries, networks = self._groups
        unknown = np.full(clients, UNKNOWN)
        self._groups = (
            np.append(everyone, np.full(clients, EVERYONE)),
            np.append(countries, unknown),
            np.append(networks, unknown),
        )


def _kinds(population: Population) -> NDArray[np.int8]:
    """What is known of each client towards each region, (C, R)."""
    grouped = np.where(population.countries != UNKNOWN, Kind.COUNTRY, 0)
    grouped += np.where(population.networks != UNKNOWN, Kind.NETWORK, 0)
    return (grouped[:, None] + np.where(np.isnan(population.km), 0, Kind.DISTANCE)).astype(np.int8)


def _spreads(model: Model) -> Floats:
    """Variance among everyone, countries, networks and prefixes for each kind, (4, kinds)."""
    spreads = np.empty((4, Kind.COUNT))
    for kind in range(Kind.COUNT):
        spreads[:, kind] = [
            level.spread_ms**2 for level in (model.everyone, model.country, model.network, model.prefix)
        ]
        if not kind & Kind.DISTANCE:
            stands_in = 1 if kind & Kind.COUNTRY else 2 if kind & Kind.NETWORK else 3
            spreads[stands_in, kind] += model.unknown_distance_spread_ms**2
    return spreads
