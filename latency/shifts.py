"""What path changes have added to single paths. Kept while a path is observed, and slowly forgotten while it is not:
most changes end some day, and nobody would come back to see it."""

from __future__ import annotations

import numpy as np

from latency.arrays import Floats, Indices
from latency.rows import Rows


class Shifts(Rows):
    """Milliseconds per (client, region)."""

    ARRAYS = ("_ms", "_seen_at_s")

    def __init__(self, clients: int, regions: int, half_life_s: float) -> None:
        self._ms = np.zeros((clients, regions))
        self._seen_at_s = np.zeros((clients, regions))
        self._half_life_s = half_life_s

    def at(self, clients: Indices, t_s: float) -> Floats:
        """The shifts of `clients` at a time, (len(clients), R)."""
        return self._ms[clients] * np.exp2(np.minimum(self._seen_at_s[clients] - t_s, 0.0) / self._half_life_s)

    def put(self, clients: Indices, regions: Indices, shifts_ms: Floats, t_s: float) -> None:
        """Says what the shifts of observed cells are from now on, each (N,). What was seen since stays as recent."""
        self._ms[clients, regions] = shifts_ms
        self._seen_at_s[clients, regions] = np.maximum(self._seen_at_s[clients, regions], t_s)
