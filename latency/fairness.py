"""How far away groups of clients are served, and whom a change makes worse.

clients: group, weight, round trip before and after ─► fairness ─► by group: share, p50 and p95 of both, worse?
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from latency.arrays import Floats, Indices
from latency.hysteresis import Switching

LARGE_SHARE = 0.02  # of all demand: a group from there on is one that a plan has to speak of
LARGE_NETWORK, MEDIUM_NETWORK = 100, 10  # client prefixes that have measured


class NetworkSize(StrEnum):
    """By how many client prefixes of a network have measured."""

    LARGE = "large"
    MEDIUM = "medium"
    SMALL = "small"
    UNKNOWN = "unknown"  # no network is known


@dataclass(frozen=True, slots=True)
class Comparison:
    """A group of clients before and after a change."""

    group: str
    share: float  # of all demand
    p50_before_ms: float
    p95_before_ms: float
    p50_after_ms: float
    p95_after_ms: float

    @property
    def is_worse(self) -> bool:
        """Whether the group is large and either figure rose by more than a client would change region for."""
        if self.share < LARGE_SHARE:
            return False
        before = np.array([self.p50_before_ms, self.p95_before_ms])
        return bool(Switching().is_better(before, np.array([self.p50_after_ms, self.p95_after_ms])).any())


def fairness(groups: Sequence[str], weights: Floats, before_ms: Floats, after_ms: Floats) -> list[Comparison]:
    """Each group of C clients, those who ask most first.

    `groups` names that of each client; `weights` (C,) say how much each asks, in whatever unit; round trips (C,) are
    what is predicted. Clients without weight count for nothing.
    """
    names = np.array(groups)
    total = weights.sum()
    found = [
        _comparison(str(name), members, weights, (before_ms, after_ms), total)
        for name in np.unique(names)
        if weights[members := np.flatnonzero(names == name)].sum() > 0
    ]
    return sorted(found, key=lambda comparison: (-comparison.share, comparison.group))


def network_sizes(networks: Indices) -> list[NetworkSize]:
    """Of the networks of all clients (C,), AS numbers or 0 if unknown."""
    unique, inverse, counts = np.unique(networks, return_inverse=True, return_counts=True)
    sizes = [_size(int(network), int(count)) for network, count in zip(unique, counts, strict=True)]
    return [sizes[number] for number in inverse]


def quantile(values: Floats, weights: Floats, share: float) -> float:
    """The least value that so much of the weight does not exceed."""
    rising = values.argsort(kind="stable")
    reached = np.cumsum(weights[rising])
    return float(values[rising][np.searchsorted(reached, share * reached[-1])])


def _comparison(
    name: str, members: Indices, weights: Floats, rtts_ms: tuple[Floats, Floats], total: float
) -> Comparison:
    own = weights[members]
    figures = [quantile(rtt_ms[members], own, share) for rtt_ms in rtts_ms for share in (0.5, 0.95)]
    return Comparison(name, float(own.sum() / total), *figures)


def _size(network: int, count: int) -> NetworkSize:
    if not network:
        return NetworkSize.UNKNOWN
    if count >= LARGE_NETWORK:
        return NetworkSize.LARGE
    return NetworkSize.MEDIUM if count >= MEDIUM_NETWORK else NetworkSize.SMALL
