"""Who asks how much: from answers by country and network to the demand of groups.

answers by country and region ─┐                 ┌─► of groups, in queries a second
rows of the map by group ──────┼─► loop.weights ─┤
answers by network ────────────┘                 └─► of regions, whatever the plan says
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from latency.arrays import Floats, Indices
from latency.capacity.loop import FOLLOWING, STAYING
from latency.capacity.members import OTHERS, Grouped

MOST_FACTOR = 8.0  # a network asks so many times more, or less, than its measurements tell, at most


class Answered(NamedTuple):
    """Answers a second to the clients of a country that led to a region."""

    country: int  # latency.intake.country_code
    region_id: int
    per_s: float


@dataclass(frozen=True, slots=True)
class Asked:
    """Answers within a span of time."""

    following: Sequence[Answered]  # of policies that go by the latency map
    others: Mapping[int, float]  # a second, of all other policies by region


@dataclass(frozen=True, slots=True)
class Countries:
    """K countries, rising by code, and what was answered there."""

    codes: Indices  # (K,)
    ids: Indices  # (R,)
    per_s: Floats  # (K, R)

    @classmethod
    def of(cls, answered: Sequence[Answered], rows: Grouped, ids: Indices) -> Countries:
        """Those that asked, and those that have rows."""
        codes = np.union1d(rows.keys.countries, np.array([each.country for each in answered], dtype=np.int64))
        return cls(codes, ids, np.zeros((len(codes), len(ids)))).answering(answered)

    def answering(self, answered: Sequence[Answered]) -> Countries:
        """The same countries with other answers; those of other countries and regions are left out."""
        per_s = np.zeros_like(self.per_s)
        for country, region_id, rate in answered:
            if country in self.codes and region_id in self.ids:
                per_s[np.searchsorted(self.codes, country), np.searchsorted(self.ids, region_id)] += rate
        return replace(self, per_s=per_s)

    def rows(self, groups: Grouped) -> Floats:
        """Weights of the rows by the region they prefer, (K, R)."""
        weights = np.zeros_like(self.per_s)
        np.add.at(weights, (self.of_groups(groups), groups.keys.preferred), groups.weights)
        return weights

    def sent(self, groups: Grouped, shares: Floats) -> Floats:
        """By shares of groups (G, R), which share of those who prefer a region goes to each, (K, R, R)."""
        regions = self.per_s.shape[1]
        sums = np.zeros((len(self.codes), regions, regions))
        np.add.at(sums, (self.of_groups(groups), groups.keys.preferred), shares * groups.weights[:, None])
        totals = self.rows(groups)[:, :, None]
        return np.asarray(np.divide(sums, totals, out=np.tile(np.eye(regions), (len(sums), 1, 1)), where=totals > 0))

    def of_groups(self, groups: Grouped) -> Indices:
        """The country of each group by its place here, (G,)."""
        return np.searchsorted(self.codes, groups.keys.countries)


def demand(countries: Countries, spread: Floats, groups: Grouped, networks: Mapping[int, float]) -> Floats:
    """Queries a second of each group, (G,), and whatever the plan, of each region, (R,), in one array (G + R,).

    Within a country and preferred region, groups ask by their rows, corrected by the answers a second of `networks`.
    """
    place = countries.of_groups(groups), groups.keys.preferred
    weights = groups.weights * _network_factors(groups, networks)
    totals = np.zeros_like(countries.per_s)
    np.add.at(totals, place, weights)
    country_per_s = countries.per_s.sum(axis=1)
    following = (spread[:, FOLLOWING] * country_per_s[:, None])[place] * weights / totals[place]
    return np.concatenate([following, country_per_s @ spread[:, STAYING]])


def _network_factors(groups: Grouped, networks: Mapping[int, float]) -> Floats:
    """How much more than its rows tell each group's network asks, (G,): 1 where that is not known."""
    asked = np.array([networks.get(network, 0.0) for network in groups.keys.networks.tolist()])
    known = (asked > 0) & (groups.keys.networks != OTHERS)
    unique, inverse = np.unique(groups.keys.networks, return_inverse=True)
    rows = np.bincount(inverse, groups.weights, len(unique))[inverse]
    total_asked = sum(networks.get(network, 0.0) for network in set(groups.keys.networks[known].tolist()))
    total_rows = groups.weights[known].sum()
    if not total_asked:
        return np.ones(len(groups.weights))
    factors = (asked / total_asked) / (rows / total_rows)
    return np.asarray(np.where(known, np.clip(factors, 1 / MOST_FACTOR, MOST_FACTOR), 1.0))
