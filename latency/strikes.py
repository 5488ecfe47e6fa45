"""Notices that a path has changed: several observations in a row that miss the estimate on the same side.

within tolerance ──► 0 strikes
beyond it ─────────► one more on this side, none on the other ──► at the limit: the cell is to begin anew
"""

from __future__ import annotations

import numpy as np

from latency.arrays import Flags, Floats, Indices
from latency.rows import Rows


class Strikes(Rows):
    """Counts per (client, region); above zero for slower, below for faster than expected."""

    ARRAYS = ("_counts", "_sums_ms")

    def __init__(self, clients: int, regions: int, limit: int) -> None:
        self._counts = np.zeros((clients, regions), dtype=np.int64)
        self._sums_ms = np.zeros((clients, regions))
        self._limit = limit

    def count(self, clients: Indices, regions: Indices, sides: Indices, values_ms: Floats) -> tuple[Flags, Floats]:
        """Takes one observation of each of several cells; sides are -1, 0 or 1.

        Says which cells have reached the limit with this one, and the mean of their strikes. They begin at 0 again.
        """
        before = self._counts[clients, regions]
        continues = (sides != 0) & (np.sign(before) == sides)
        counts = np.where(continues, before, 0) + sides
        sums = np.where(continues, self._sums_ms[clients, regions], 0.0) + np.where(sides != 0, values_ms, 0.0)
        struck = np.abs(counts) >= self._limit
        self._counts[clients, regions] = np.where(struck, 0, counts)
        self._sums_ms[clients, regions] = np.where(struck, 0.0, sums)
        return struck, sums / np.maximum(np.abs(counts), 1)
