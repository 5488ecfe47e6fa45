"""Simpler ways to choose a region, to be measured beside ours. Clients and regions are numbers."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from latency.arrays import Flags, Floats, Indices
from latency.chooser import Choices
from latency.estimator import Estimator
from latency.hysteresis import Incumbents, Switching
from latency.population import Population


class Strategy(Protocol):
    """What is measured; `latency.chooser.Chooser` is one."""

    def choose(self, clients: Indices, queries: Floats, t_s: float) -> Choices:
        """A region for each client."""

    def observe(self, clients: Indices, regions: Indices, rtt_ms: Floats, t_s: float) -> None:
        """Round-trip times that clients measured."""

    def load(self, utilisation: Floats, t_s: float) -> None:
        """How full regions are."""


class Unlearning:
    """Learns nothing."""

    def observe(self, clients: Indices, regions: Indices, rtt_ms: Floats, t_s: float) -> None:
        """Nothing is learned."""

    def load(self, utilisation: Floats, t_s: float) -> None:
        """Load is not looked at."""


class RoundRobin(Unlearning):
    """Each client goes from one region to the next."""

    def __init__(self, km: Floats) -> None:
        self._next = np.arange(len(km)) % km.shape[1]
        self._regions = km.shape[1]

    def choose(self, clients: Indices, queries: Floats, t_s: float) -> Choices:
        """The next one for each."""
        chosen = self._next[clients]
        self._next[clients] = (chosen + 1) % self._regions
        return _unexplored(chosen)


class Nearest(Unlearning):
    """The region that is nearest by the geo database; one by the client's number if it knows nothing."""

    def __init__(self, km: Floats) -> None:
        self.nearest = nearest(km)

    def choose(self, clients: Indices, queries: Floats, t_s: float) -> Choices:
        """Always the same."""
        return _unexplored(self.nearest[clients])


class _PerClient(Unlearning):
    """The best of what a client has observed itself, with the same hysteresis as ours; the nearest until then."""

    def __init__(self, km: Floats, switching: Switching) -> None:
        self._nearest = nearest(km)
        self._incumbents = Incumbents(len(km), switching)

    def choose(self, clients: Indices, queries: Floats, t_s: float) -> Choices:
        """The lowest of what is known."""
        known_ms = self.known_ms(clients)
        known_ms[np.isnan(known_ms).all(axis=1), :] = np.inf
        empty = np.flatnonzero(np.isinf(known_ms).all(axis=1))
        known_ms[empty, self._nearest[clients[empty]]] = 1e6
        return _unexplored(self._incumbents.settle(clients, np.where(np.isnan(known_ms), 1e9, known_ms), t_s))

    def known_ms(self, clients: Indices) -> Floats:
        """What each client knows of each region (C, R), NaN for nothing."""
        raise NotImplementedError


class Ewma(_PerClient):
    """Exponentially weighted moving average of each client and region."""

    def __init__(self, km: Floats, switching: Switching, weight: float) -> None:
        super().__init__(km, switching)
        self._weight = weight
        self._means_ms = np.full(km.shape, np.nan)

    def known_ms(self, clients: Indices) -> Floats:
        """The averages."""
        return self._means_ms[clients]

    def observe(self, clients: Indices, regions: Indices, rtt_ms: Floats, t_s: float) -> None:
        """One after the other."""
        for client, region, observed_ms in zip(clients.tolist(), regions.tolist(), rtt_ms.tolist(), strict=True):
            before_ms = self._means_ms[client, region]
            moved_ms = before_ms + self._weight * (observed_ms - before_ms)
            self._means_ms[client, region] = observed_ms if np.isnan(before_ms) else moved_ms


class MedianOfLast(_PerClient):
    """Median of the last observations of each client and region."""

    def __init__(self, km: Floats, switching: Switching, length: int) -> None:
        super().__init__(km, switching)
        self._last_ms = np.full((*km.shape, length), np.nan)
        self._next = np.zeros(km.shape, dtype=np.int64)
        self._medians_ms = np.full(km.shape, np.nan)

    def known_ms(self, clients: Indices) -> Floats:
        """The medians."""
        return self._medians_ms[clients]

    def observe(self, clients: Indices, regions: Indices, rtt_ms: Floats, t_s: float) -> None:
        """One after the other, then the medians."""
        length = self._last_ms.shape[2]
        for client, region, observed_ms in zip(clients.tolist(), regions.tolist(), rtt_ms.tolist(), strict=True):
            place = self._next[client, region]
            self._last_ms[client, region, place] = observed_ms
            self._next[client, region] = (place + 1) % length
        self._medians_ms[clients, regions] = np.nanmedian(self._last_ms[clients, regions], axis=1)


class OptimisticBound(Unlearning):
    """UCB with the prior: our estimates, and always the region that would be best if they were too high by so much."""

    def __init__(self, population: Population, estimator: Estimator, optimism: float) -> None:
        self._estimator = estimator
        self._optimism = optimism

    def choose(self, clients: Indices, queries: Floats, t_s: float) -> Choices:
        """The lowest bound."""
        prediction = self._estimator.predict(clients, t_s)
        return _unexplored((prediction.rtt_ms - self._optimism * prediction.error_ms).argmin(axis=1))

    def observe(self, clients: Indices, regions: Indices, rtt_ms: Floats, t_s: float) -> None:
        """As ours."""
        self._estimator.observe(clients, regions, rtt_ms, t_s)


def nearest(km: Floats) -> Indices:
    """Nearest region of each client (C,) by distances (C, R); where none is known, one by the client's number."""
    by_number = np.arange(len(km)) % km.shape[1]
    by_distance = np.where(np.isnan(km), np.inf, km).argmin(axis=1)
    return np.asarray(np.where(np.isnan(km).all(axis=1), by_number, by_distance))


def _unexplored(regions: Indices) -> Choices:
    chosen: Flags = np.zeros(len(regions), dtype=np.bool_)
    return Choices(regions, chosen)
