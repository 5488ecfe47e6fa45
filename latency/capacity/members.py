"""Clients as a plan sees them, and the groups that it treats alike: country, network and the region they prefer.

clients ─► by country, network, preferred region ─► the heaviest MOST_GROUPS
                                                 └► the rest by country and preferred region (network OTHERS)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latency.arrays import Floats, Indices

MOST_GROUPS = 400  # in four parts each, with 20 regions, they are solved within a few seconds
OTHERS = 0  # as a network: those of the country that have no group of their own, or whose network is not known


@dataclass(frozen=True, slots=True)
class Members:
    """All clients that have a row in the map, each (C,)."""

    countries: Indices  # latency.intake.country_code
    networks: Indices  # AS numbers
    preferred: Indices  # columns of the open regions that come first in their order
    weights: Floats  # how much each asks, as far as their measurements tell: beacons are a sample of page views


@dataclass(frozen=True, slots=True)
class GroupKeys:
    """What names G groups, rising."""

    countries: Indices
    networks: Indices
    preferred: Indices

    def __len__(self) -> int:
        return len(self.countries)


@dataclass(frozen=True, slots=True)
class Grouped:
    """Groups, and who is in them."""

    keys: GroupKeys
    group_of: Indices  # (C,)
    weights: Floats  # (G,)


def grouped(members: Members, most_groups: int = MOST_GROUPS) -> Grouped:
    """The groups of all members, no more than `most_groups` of them by network."""
    names = named(members.countries, members.networks, members.preferred)
    unique, inverse = np.unique(names, return_inverse=True)
    weights = np.bincount(inverse, members.weights, len(unique))
    heaviest = np.argsort(-weights, kind="stable")[:most_groups]
    has_own = np.zeros(len(unique), dtype=np.bool_)
    has_own[heaviest] = True
    networks = np.where(has_own[inverse], members.networks, OTHERS)
    unique, group_of = np.unique(named(members.countries, networks, members.preferred), return_inverse=True)
    keys = GroupKeys(unique >> 40, unique >> 8 & 0xFFFF_FFFF, unique & 0xFF)
    return Grouped(keys, group_of, np.bincount(group_of, members.weights, len(unique)).astype(np.float64))


def named(countries: Indices, networks: Indices, regions: Indices) -> Indices:
    """One number for each group: 16 bits, 32 bits and 8 bits. Regions by column: their ids may have more."""
    return countries << 40 | networks << 8 | regions


def sample(group_of: Indices, most: int) -> Indices:
    """Some clients, about `most` and rising, evenly from all, and the first one of each group."""
    evenly = np.arange(0, len(group_of), max(len(group_of) // most, 1))
    return np.union1d(evenly, np.unique(group_of, return_index=True)[1])
