"""From the utilisation that regions report to a plan of who is served elsewhere (S5, closed loop).

    queries seen per client ─┐
    utilisation reported ────┴─► demand and capacity in one unit ─► overflow.assign ─► per client: instead of where

What clients ask for is known by client, but late and perhaps incompletely; what regions bear is known at once. A crowd
has in common which region it prefers: those who prefer a region ask for as much as explains what all regions report.
"""

from __future__ import annotations

import numpy as np

from latency.arrays import Flags, Floats, Indices
from latency.overflow import Demand, Limits, assign

NONE = -1
MEMORY_S = 900.0  # half-life of the queries that are remembered of a client
LEAST_WEIGHT = 0.02  # of a client not seen lately: it may come again
RIDGE = 1e-4  # of the mean square of flows
MAX_SCALE = (
    10.0  # no report says that clients ask for more than so many times, or less than that part of, what was seen
)


class LoadPlan:
    """Clients by number. Without a report, or with an old one, nobody is moved."""

    def __init__(self, capacity_qph: Floats, order: Floats, limits: Limits) -> None:
        self._capacity_qph = capacity_qph  # (R,), NaN if unknown
        self._limits = limits
        self._order = np.empty(0)
        self._queries = np.empty(0)
        self._asked_at_s = np.empty(0)
        self._served = np.empty(0, dtype=np.int64)
        self._instead_of = np.empty(0, dtype=np.int64)
        self._target = np.empty(0, dtype=np.int64)
        self._reported_at_s = -np.inf
        self._utilisation = np.full(len(capacity_qph), np.nan)
        self.extend(order)

    def is_open(self, t_s: float) -> Flags:
        """Regions (R,) with room to spare, or of which nothing is known."""
        full = self._utilisation >= self._limits.low
        return np.asarray(~full | (t_s - self._reported_at_s > self._limits.max_age_s))

    def apply(self, clients: Indices, preferred: Indices, t_s: float) -> Indices:
        """Where `clients` go rather than to `preferred`, each (C,)."""
        if t_s - self._reported_at_s > self._limits.max_age_s:
            return preferred
        return np.where(self._instead_of[clients] == preferred, self._target[clients], preferred)

    def note(self, clients: Indices, regions: Indices, queries: Floats, t_s: float) -> None:
        """Remembers that each of `clients`, named once, was sent to a region for so many queries."""
        self._queries[clients] = self._remembered(clients, t_s) + queries
        self._asked_at_s[clients] = t_s
        self._served[clients] = regions

    def report(self, utilisation: Floats, rtt_ms: Floats, preferred: Indices, t_s: float) -> None:
        """Makes the plan anew. Takes utilisation (R,), NaN if unknown, and of all clients estimates and preferences."""
        weights = np.maximum(self._remembered(np.arange(len(preferred)), t_s), LEAST_WEIGHT)
        served = np.where(self._served == NONE, preferred, self._served)
        demand = self._demand(weights, served, preferred, utilisation)
        kept_ms = rtt_ms.copy()
        sent = np.flatnonzero(self._served != NONE)
        kept_ms[sent, self._served[sent]] -= self._limits.keep_ms
        self._target = assign(kept_ms, preferred, demand, self._order, self._limits)
        self._instead_of = preferred
        self._utilisation, self._reported_at_s = utilisation, t_s

    def extend(self, order: Floats) -> None:
        """Makes room for clients; `order` says who of two that lose alike is moved first."""
        clients = len(order)
        nowhere = np.full(clients, NONE)
        self._order = np.append(self._order, order)
        self._queries = np.append(self._queries, np.zeros(clients))
        self._asked_at_s = np.append(self._asked_at_s, np.zeros(clients))
        self._served = np.append(self._served, nowhere)
        self._instead_of = np.append(self._instead_of, nowhere)
        self._target = np.append(self._target, nowhere)

    def _remembered(self, clients: Indices, t_s: float) -> Floats:
        age_s = np.maximum(t_s - self._asked_at_s[clients], 0.0)
        return np.asarray(self._queries[clients] * np.exp2(-age_s / MEMORY_S))

    def _demand(self, weights: Floats, served: Indices, preferred: Indices, utilisation: Floats) -> Demand:
        """Weights scaled to what regions report, and capacities in the same unit."""
        regions = len(utilisation)
        borne = np.bincount(served, weights, regions).astype(np.float64)
        unit = _unit(borne, utilisation * self._capacity_qph)
        with np.errstate(divide="ignore", invalid="ignore"):
            shown = np.where(borne > 0, borne / utilisation, np.where(utilisation < self._limits.low, np.inf, 0.0))
            capacity = np.where(np.isnan(self._capacity_qph * unit), shown, self._capacity_qph * unit)
            capacity = np.where(np.isnan(utilisation), np.inf, capacity)
            reported = np.where(np.isfinite(capacity), utilisation * capacity, borne)
        flows = np.bincount(served * regions + preferred, weights, regions**2).astype(np.float64)
        return Demand(weights * _scales(flows.reshape(regions, regions), reported)[preferred], capacity)


def _unit(borne: Floats, reported_qph: Floats) -> float:
    """What a query per hour is worth in the weights of clients; NaN if no report says."""
    known = ~np.isnan(reported_qph) & (borne > 0)
    total_qph = reported_qph[known].sum()
    return float(borne[known].sum() / total_qph) if total_qph > 0 else np.nan


def _scales(flows: Floats, reported: Floats) -> Floats:
    """How much more the clients that prefer each region ask for than was seen, (R,).

    Takes what was seen of them where they were served, (served, preferred), and what those regions report (R,).
    Ridge regression towards 1, so that regions that nobody prefers say nothing.
    """
    ridge = RIDGE * np.square(flows).sum() / len(flows) + np.finfo(np.float64).tiny
    system = flows.T @ flows + ridge * np.eye(len(flows))
    return np.asarray(np.clip(np.linalg.solve(system, flows.T @ reported + ridge), 1 / MAX_SCALE, MAX_SCALE))
