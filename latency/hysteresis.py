"""The present best keeps its place until another is better by enough, for long enough (S7).

present ── another is better by max(switch_ms, switch_percent) ──► challenged ── after switch_after_s ──► switched
   ▲                                                                   │
   └────────────────────── no longer, or another one ──────────────────┘
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latency.arrays import Flags, Floats, Indices

NONE = -1


@dataclass(frozen=True, slots=True)
class Switching:
    """When to leave the present best."""

    switch_ms: float = 4.0
    switch_percent: float = 5.0  # of the present one's estimate; the larger of the two counts
    switch_after_s: float = 0.0

    def is_better(self, best_ms: Floats, present_ms: Floats) -> Flags:
        """Whether that is by enough to leave the present ones."""
        margin_ms = np.maximum(self.switch_ms, present_ms * self.switch_percent / 100)
        return np.asarray(present_ms - best_ms > margin_ms)


class Incumbents:
    """The region each client is sent to while nothing else is clearly better."""

    def __init__(self, clients: int, switching: Switching) -> None:
        self._switching = switching
        self._present = np.empty(0, dtype=np.int64)
        self._challenger = np.empty(0, dtype=np.int64)
        self._since_s = np.empty(0)
        self.extend(clients)

    def settle(self, clients: Indices, rtt_ms: Floats, t_s: float) -> Indices:
        """The region of each of `clients`, each named once, given estimates (C, R) at a time."""
        each = np.arange(len(clients))
        present, best = self._present[clients], rtt_ms.argmin(axis=1)
        leaves = self._switching.is_better(rtt_ms[each, best], rtt_ms[each, present])
        since_s = np.where(leaves & (self._challenger[clients] == best), self._since_s[clients], t_s)
        switches = (present == NONE) | (leaves & (t_s - since_s >= self._switching.switch_after_s))
        chosen = np.where(switches, best, present)
        self._challenger[clients] = np.where(leaves & ~switches, best, NONE)
        self._since_s[clients] = since_s
        self._present[clients] = chosen
        return chosen

    def extend(self, clients: int) -> None:
        """Makes room for clients that have not been sent anywhere."""
        self._present = np.append(self._present, np.full(clients, NONE))
        self._challenger = np.append(self._challenger, np.full(clients, NONE))
        self._since_s = np.append(self._since_s, np.zeros(clients))
