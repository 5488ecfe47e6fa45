"""From observations to a region for each client.

    observe ─► estimator ─► estimates ─► order with hysteresis ─► load plan ─► map ─► the responder's answer ─► region
                                               ▲                     ▲
                                            present                load

`Chooser` is all that callers know of it; what chooses can be exchanged behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from latency.answering import Answering
from latency.arrays import Flags, Floats, Indices
from latency.draws import draws, hashes
from latency.estimator import Estimator, Evidence, Prediction
from latency.hysteresis import Switching
from latency.load import NONE, LoadPlan
from latency.model import Model
from latency.overflow import Limits
from latency.population import Client, Region, locate
from latency.ranking import put_before, ranked

AT_ONCE = 4096  # clients: a system of as many unknowns as there are regions is solved for each
IN_TURN = 500  # clients that are published though nobody observed them
PUBLISH_EVERY_S = 60.0
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
    explored_share: float = 0.01  # of clients, drawn anew every hour (S8)
    limits: Limits = field(default_factory=Limits)


class LearningChooser:
    """What the learner makes of observations, asked through the responder.

    Who was observed is published once a minute, and everyone else in turn, so that what their networks taught shows.
    """

    def __init__(self, clients: Sequence[Client], regions: Sequence[Region], seed: int, policy: Policy) -> None:
        self._policy = policy
        self._seed = seed
        self._estimator = Estimator(locate(clients, regions), policy.model)
        self._answering = Answering(regions, policy.explored_share, str(seed), policy.caution)
        self._orders = np.tile(np.arange(len(regions)), (len(clients), 1))
        self._is_observed = np.zeros(len(clients), dtype=np.bool_)  # nobody else has an order to keep, as on edges
        self._is_touched = np.ones(len(clients), dtype=np.bool_)
        capacity_qph = np.array([region.capacity_qph for region in regions], dtype=np.float64)
        self._plan = LoadPlan(capacity_qph, self._draws([client.key for client in clients]), policy.limits)
        self._published_at_s = -np.inf
        self._next = 0
        self._related_at_s: float | None = None

    def observe(self, clients: Indices, regions: Indices, rtt_ms: Floats, t_s: float) -> None:
        """As `Chooser` says."""
        self._estimator.observe(clients, regions, rtt_ms, t_s)
        self._is_touched[clients] = self._is_observed[clients] = True
        if self._related_at_s is None:
            self._related_at_s = t_s
        if t_s - self._related_at_s >= RELATE_EVERY_S:
            self._estimator.relate(t_s)
            self._related_at_s = t_s

    def choose(self, clients: Indices, queries: Floats, t_s: float) -> Choices:
        """As `Chooser` says."""
        if t_s - self._published_at_s >= PUBLISH_EVERY_S:
            self._touch_next()
            self._publish(np.flatnonzero(self._is_touched), t_s)
            self._published_at_s = t_s
        elif self._is_touched[clients].any():
            self._publish(np.sort(clients[self._is_touched[clients]]), t_s)
        regions, explores = self._answering.ask(clients, t_s)
        self._plan.note(clients, regions, queries, t_s)
        return Choices(regions, explores)

    def load(self, utilisation: Floats, t_s: float) -> None:
        """As `Chooser` says."""
        everyone = np.arange(len(self._orders))
        rtt_ms = self._rank(everyone, t_s)[1]
        self._plan.report(utilisation, rtt_ms, self._orders[:, 0], t_s)
        self._answering.load(utilisation, self._policy.limits.max_age_s, t_s)
        self._publish(everyone, t_s)

    def add(self, client: Client) -> None:
        """As `Chooser` says."""
        self._estimator.extend(1)
        self._plan.extend(self._draws([client.key]))
        self._orders = np.concatenate([self._orders, np.arange(self._orders.shape[1])[None, :]])
        self._is_observed = np.append(self._is_observed, False)
        self._is_touched = np.append(self._is_touched, True)

    def predict(self, clients: Indices, t_s: float) -> Prediction:
        """What is believed of `clients`."""
        return self._estimator.predict(clients, t_s)

    def evidence(self, clients: Indices, t_s: float) -> Evidence:
        """What that rests on, to explain a choice."""
        return self._estimator.evidence(clients, t_s)

    def _draws(self, keys: Sequence[str]) -> Floats:
        return draws(hashes(keys, self._seed), 0)

    def _touch_next(self) -> None:
        clients = len(self._is_touched)
        if clients:
            self._is_touched[np.arange(self._next, self._next + min(IN_TURN, clients)) % clients] = True
            self._next = (self._next + IN_TURN) % clients

    def _publish(self, clients: Indices, t_s: float) -> None:
        for begin in range(0, len(clients), AT_ONCE):
            part = clients[begin : begin + AT_ONCE]
            prediction = self._rank(part, t_s)[0]
            served = self._plan.apply(part, self._orders[part, 0], t_s)
            preferred = self._orders[part, 0]
            orders = put_before(self._orders[part], np.where(served == preferred, NONE, served), preferred)
            self._answering.publish(part, (prediction.rtt_ms, prediction.error_ms), orders, t_s)
        self._is_touched[clients] = False

    def _rank(self, clients: Indices, t_s: float) -> tuple[Prediction, Floats]:
        """Ranks `clients` anew; what is believed of them, and with caution in ms (C, R)."""
        prediction = self._estimator.predict(clients, t_s)
        cautious_ms = prediction.rtt_ms + self._policy.caution * prediction.error_ms
        known = self._is_observed[clients]
        for chosen, previous in ((known, self._orders[clients[known]]), (~known, None)):
            self._orders[clients[chosen]] = ranked(cautious_ms[chosen], previous, self._policy.switching)
        return prediction, cautious_ms
