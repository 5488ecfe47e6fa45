"""The levels above the prefix. Each holds what the ones before it leave unexplained.

    level      residual shared by             κ with the defaults
    everyone   all clients, per region        26
    country    clients of one country         11
    network    clients of one network          3

κ = (variance of an observation around the residual of its group) / (variance of such residuals among groups). Where the
distance is unknown, the first known level stands in for it: its residuals vary more, so that it needs less evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntFlag
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latency.arrays import Flags, Floats, Indices
from latency.groups import GroupEstimates, GroupKind
from latency.means import RunningMeans
from latency.model import Model
from latency.population import UNKNOWN, Population
from latency.rows import State, named, part_of


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
        self._model = model
        self._unknown_ms = model.base_ms + model.slope_ms_per_km * model.unknown_km
        self._distance_ms = self._expected_of_distance(population.km)
        self._kinds = _kinds(population)
        self._is_placeless: Flags = (self._kinds == 0).all(axis=1)
        self._spreads = _spreads(model)
        self._noises = (
            model.noise_ms**2 + np.cumsum(self._spreads[::-1], axis=0)[::-1][1:]
        )  # within the groups of a level
        self._stand_ins = self._spreads[3] - model.prefix.spread_ms**2
        self._groups: tuple[Indices, ...] = (
            np.full_like(population.networks, EVERYONE),
            population.countries,
            population.networks,
        )
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
            spread = self._spreads[number][kinds]
            known = self._known(number, means.counts(rows, t_s), kinds)
            parts_ms.append(known * means.means_ms[rows])
            variance += spread * (1 - known)
        return Expectation(tuple(parts_ms), variance)

    def groups(self, networks: Indices, countries: Indices, t_s: float) -> list[GroupEstimates]:
        """What everyone and these groups say by themselves; a network without a country is one without a place."""
        everyone, placed = np.array([EVERYONE]), Kind.DISTANCE | Kind.COUNTRY | Kind.NETWORK
        estimates = [
            self._group(GroupKind.EVERYONE, 0, everyone, placed, t_s),
            self._group(GroupKind.COUNTRY, 1, countries, placed, t_s),
            self._group(GroupKind.NETWORK, 2, networks, placed, t_s),
        ]
        alone = self._group(GroupKind.PLACELESS, 0, everyone, Kind(0), t_s)
        network = self._group(GroupKind.PLACELESS_NETWORK, 2, networks, Kind.NETWORK, t_s)
        base_ms = self._unknown_ms + self._group(GroupKind.PLACELESS, 0, everyone, Kind.NETWORK, t_s).rtt_ms
        return [
            *estimates,
            replace(alone, rtt_ms=alone.rtt_ms + self._unknown_ms),
            replace(network, rtt_ms=network.rtt_ms + base_ms),
        ]

    def _group(self, group: GroupKind, number: int, rows: Indices, kind: Kind, t_s: float) -> GroupEstimates:
        """What groups of a level add for clients of a kind."""
        counts = self._means[number].counts(rows, t_s)
        known = self._known(number, counts, np.array([int(kind)]))
        variance = np.full_like(known, self._spreads[:3, kind].sum())
        variance -= self._spreads[number, kind] * known
        if number:
            everyone = self._means[0].counts(np.array([EVERYONE]), t_s)
            variance -= self._spreads[0, kind] * self._known(0, everyone, np.array([int(kind)]))
        rtt_ms = known * self._means[number].means_ms[rows]
        numbers = rows if number else np.zeros_like(rows)
        return GroupEstimates(group, numbers, counts.sum(axis=1), rtt_ms, variance)

    def _known(self, number: int, counts: Floats, kinds: NDArray[Any]) -> Floats:
        """Which part of a level's mean is believed: n / (n + κ)."""
        seen = self._spreads[number][kinds] * counts
        return np.asarray(seen / (seen + self._noises[number][kinds]))

    def add(self, clients: Indices, regions: Indices, rtt_ms: Floats, parts_ms: Sequence[Floats], t_s: float) -> None:
        """Takes observations less the last mile of their clients, and the parts expected of each, all (N,)."""
        rest_ms = rtt_ms
        for means, groups, part_ms in zip(self._means, self._groups, parts_ms, strict=False):
            rest_ms = rest_ms - part_ms
            rows = groups[clients]
            known = rows != UNKNOWN
            means.add(rows[known], regions[known], rest_ms[known], t_s)

    def extend(self, newcomers: Population) -> None:
        """Makes room for more clients, and for the groups that have come with them."""
        kinds = _kinds(newcomers)
        self._distance_ms = np.concatenate([self._distance_ms, self._expected_of_distance(newcomers.km)])
        self._kinds = np.concatenate([self._kinds, kinds])
        self._is_placeless = np.append(self._is_placeless, (kinds == 0).all(axis=1))
        everyone = np.full_like(newcomers.networks, EVERYONE)
        groups = zip(self._groups, (everyone, newcomers.countries, newcomers.networks), strict=True)
        self._groups = tuple(np.append(known, added) for known, added in groups)
        for means, count in zip(self._means[1:], newcomers.group_counts[::-1], strict=True):
            means.extend(max(count - len(means.means_ms), 0))

    def keep(self, clients: Indices) -> None:
        """Forgets all clients but these; groups stay."""
        self._distance_ms, self._kinds = self._distance_ms[clients], self._kinds[clients]
        self._is_placeless = self._is_placeless[clients]
        self._groups = tuple(groups[clients] for groups in self._groups)

    def state(self) -> State:
        """What is remembered; who clients are is not."""
        return {key: array for name, means in self._named() for key, array in named(means.state(), name).items()}

    def restore(self, state: State) -> None:
        """Goes on from what state() said of the same groups."""
        for name, means in self._named():
            means.restore(part_of(state, name))

    def _named(self) -> Iterable[tuple[str, RunningMeans]]:
        return zip(("everyone", "countries", "networks"), self._means, strict=True)

    def _expected_of_distance(self, km: Floats) -> Floats:
        distance_ms = self._model.base_ms + self._model.slope_ms_per_km * km
        return np.asarray(np.where(np.isnan(distance_ms), self._unknown_ms, distance_ms))


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
