"""From observations to a region for each client.

    observe ─► estimator ─► estimates ─► hysteresis ─► load plan ─► exploration ─► region
                                              ▲            ▲
                                           present       load

`Chooser` is all that callers know of it; what chooses can be exchanged behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from latency.arrays import Flags, Floats, Indices
from latency.draws import draws, hashes
from latency.estimator import Estimator, Evidence, Prediction
from latency.exploration import Exploration, explored
from latency.hysteresis import Incumbents, Switching
from latency.load import LoadPlan
from latency.model import Model
from latency.overflow import Limits
from latency.population import Client, Region, locate

RELATE_EVERY_S = 600.0  # how often the covariance of regions is learned anew


@dataclass(frozen=True, slots=True)
class Choices:
    """Region numbers and whether each was chosen to learn about it, each (C,)."""

    regions: Indices
    explored: Flags


class Chooser(Protocol):
    """Chooses regions; clients and regions by number, times in seconds that do not run backwards by much."""

    def observe(self, clients: Indices, regions: Indices, rtt_ms: Floats, t_s: float) -> None:
        """Takes round-trip times of about one moment, each (N,)."""

    def choose(self, clients: Indices, queries: Floats, t_s: float) -> Choices:
        """Chooses for `clients` (C,), each named once, who send so many queries (C,) until the next choice."""

    def load(self, utilisation: Floats, t_s: float) -> None:
        """Takes the utilisation of each region (R,), NaN if unknown."""

    def add(self, client: Client) -> None:
        """Makes room for a client that was not declared; its number is the next one."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator sets."""

    model: Model = field(default_factory=Model)
    switching: Switching = field(default_factory=Switching)
    caution: float = 0.25  # standard errors added to an estimate: the lowest of many is too low more often than not
    exploration: Exploration = field(default_factory=Exploration)
    limits: Limits = field(default_factory=Limits)


class LearningChooser:
    """The estimator with hysteresis, load plan and exploration."""

    def __init__(self, clients: Sequence[Client], regions: Sequence[Region], seed: int, policy: Policy) -> None:
        self._policy = policy
        self._seed = seed
        self._estimator = Estimator(locate(clients, regions), policy.model)
        self._incumbents = Incumbents(len(clients), policy.switching)
        self._hashes = hashes((client.key for client in clients), seed)
        capacity_qph = np.array([region.capacity_qph for region in regions], dtype=np.float64)
        self._plan = LoadPlan(capacity_qph, draws(self._hashes, 0), policy.limits)
        self._related_at_s: float | None = None

    def observe(self, clients: Indices, regions: Indices, rtt_ms: Floats, t_s: float) -> None:
        """As `Chooser` says."""
        self._estimator.observe(clients, regions, rtt_ms, t_s)
        if self._related_at_s is None:
            self._related_at_s = t_s
        if t_s - self._related_at_s >= RELATE_EVERY_S:
            self._estimator.relate(t_s)
            self._related_at_s = t_s

    def choose(self, clients: Indices, queries: Floats, t_s: float) -> Choices:
        """As `Chooser` says."""
        prediction = self._estimator.predict(clients, t_s)
        preferred = self._incumbents.settle(clients, self._cautious_ms(prediction), t_s)
        sent = self._plan.apply(clients, preferred, t_s)
        bounds = prediction.rtt_ms, prediction.error_ms, self._plan.is_open(t_s)
        regions, explores = explored(self._policy.exploration, self._hashes[clients], sent, bounds, t_s)
        self._plan.note(clients, regions, queries, t_s)
        return Choices(regions, explores)

    def load(self, utilisation: Floats, t_s: float) -> None:
        """As `Chooser` says."""
        everyone = np.arange(len(self._hashes))
        rtt_ms = self._cautious_ms(self._estimator.predict(everyone, t_s))
        preferred = self._incumbents.settle(everyone, rtt_ms, t_s)
        self._plan.report(utilisation, rtt_ms, preferred, t_s)

    def add(self, client: Client) -> None:
        """As `Chooser` says."""
        added = hashes([client.key], self._seed)
        self._hashes = np.append(self._hashes, added)
        self._estimator.extend(1)
        self._incumbents.extend(1)
        self._plan.extend(draws(added, 0))

    def predict(self, clients: Indices, t_s: float) -> Prediction:
        """What is believed of `clients`."""
        return self._estimator.predict(clients, t_s)

    def evidence(self, clients: Indices, t_s: float) -> Evidence:
        """What that rests on, to explain a choice."""
        return self._estimator.evidence(clients, t_s)

    def _cautious_ms(self, prediction: Prediction) -> Floats:
        return prediction.rtt_ms + self._policy.caution * prediction.error_ms
