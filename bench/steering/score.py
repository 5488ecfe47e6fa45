"""What users experienced: how much slower than the best region, how steady, how soon after a change.

Everything is weighted by page views. A choice is near the best within 10 ms or 10 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.steering.world import World
from latency.arrays import Flags, Floats, Indices

NEAR_MS = 10.0
NEAR_SHARE = 0.1
NONE = -1


@dataclass(frozen=True, slots=True)
class Summary:
    """One row of the table."""

    regret_ms: float
    near_share: float
    p95_ms: float
    changes_per_hour: float
    beacons_to_recover: float  # median; infinite: most changes ended first
    unseen_regret_ms: float


class Score:
    """Counts tick after tick."""

    def __init__(self, world: World) -> None:
        clients = len(world.floor_ms)
        self._world = world
        self._regrets: list[Floats] = []
        self._near: list[Flags] = []
        self._views: list[Indices] = []
        self._unseen: list[Flags] = []
        self._last = np.full(clients, NONE)
        self._changed = np.zeros(clients)
        self._recovery = _Recovery(world)

    def count(self, t_s: float, clients: Indices, chosen: Indices, views: Indices, true_ms: Floats) -> None:
        """Takes where each client (C,) with so many views (C,) was sent, and its true round trips (C, R)."""
        best_ms = true_ms.min(axis=1)
        regret_ms = true_ms[np.arange(len(clients)), chosen] - best_ms
        near = regret_ms <= np.maximum(NEAR_MS, NEAR_SHARE * best_ms)
        self._recovery.count(t_s, clients, near, views, self._last)
        before = self._last[clients]
        self._changed[clients] += (before != NONE) & (before != chosen)
        self._last[clients] = chosen
        self._regrets.append(regret_ms)
        self._near.append(near)
        self._views.append(views)
        self._unseen.append(self._world.clients.is_unseen[clients])

    def summary(self) -> Summary:
        """Over all that was counted."""
        regrets, views = np.concatenate(self._regrets), np.concatenate(self._views)
        unseen = np.concatenate(self._unseen)
        seen = ~unseen
        seen_clients = ~self._world.clients.is_unseen
        return Summary(
            float(np.average(regrets[seen], weights=views[seen])),
            float(np.average(np.concatenate(self._near)[seen], weights=views[seen])),
            _quantile(regrets[seen], views[seen], 0.95),
            float(self._changed[seen_clients].mean() / self._world.options.hours),
            self._recovery.median(),
            float(np.average(regrets[unseen], weights=views[unseen])) if unseen.any() else np.nan,
        )


class _Recovery:
    """Views from a change that makes a client's region a bad one until the client is sent to a good one."""

    def __init__(self, world: World) -> None:
        order = np.argsort(world.changes.start_s)
        self._changes = world.changes
        self._order = order
        self._starts = world.changes.start_s[order]
        self._next = 0
        self._until_s = np.full(len(world.floor_ms), -np.inf)
        self._waited = np.zeros(len(world.floor_ms))
        self._is_waiting = np.zeros(len(world.floor_ms), dtype=np.bool_)
        self._is_waiting &= ~world.clients.is_unseen
        self._unseen = world.clients.is_unseen
        self._found: list[Floats] = []

    def count(self, t_s: float, clients: Indices, near: Flags, views: Indices, last: Indices) -> None:
        """As `Score.count`, with where all clients were sent before."""
        self._begin(t_s, last)
        self._give_up(t_s)
        waiting = self._is_waiting[clients]
        well = clients[waiting & near]
        hurt = well[self._waited[well] > 0]  # the others did not suffer from the change
        self._found.append(self._waited[hurt])
        self._is_waiting[well] = False
        ill = waiting & ~near
        self._waited[clients[ill]] += views[ill]

    def median(self) -> float:
        """Of all that suffered."""
        found = np.concatenate(self._found) if self._found else np.empty(0)
        return float(np.median(found)) if len(found) else np.nan

    def _begin(self, t_s: float, last: Indices) -> None:
        end = int(np.searchsorted(self._starts, t_s, side="right"))
        changes = self._order[self._next : end]
        self._next = end
        hit = changes[last[self._changes.client[changes]] == self._changes.region[changes]]
        clients = self._changes.client[hit]
        hit, clients = hit[~self._unseen[clients]], clients[~self._unseen[clients]]
        self._is_waiting[clients] = True
        self._waited[clients] = 0
        self._until_s[clients] = self._changes.end_s[hit]

    def _give_up(self, t_s: float) -> None:
        over = self._is_waiting & (self._until_s <= t_s)
        self._found.append(np.full(int((over & (self._waited > 0)).sum()), np.inf))
        self._is_waiting[over] = False


def _quantile(values: Floats, weights: Indices, share: float) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) >= share * weights.sum()
    return float(values[order][reached.argmax()])
