"""Running means that forget: by age (half-life) and by number (a cap on what they count for)."""

from __future__ import annotations

import numpy as np

from latency.arrays import Floats, Indices
from latency.rows import Rows


class RunningMeans(Rows):
    """One mean per (row, region), in ms. A mean without observations counts 0 and is worth nothing."""

    ARRAYS = ("means_ms", "_counts", "_at_s")

    def __init__(self, rows: int, regions: int, max_count: float, half_life_s: float) -> None:
        self.means_ms = np.zeros((rows, regions))
        self._counts = np.zeros((rows, regions))
        self._at_s = np.zeros((rows, regions))
        self._max_count = max_count
        self._half_life_s = half_life_s

    def counts(self, rows: Indices, t_s: float) -> Floats:
        """What the means of `rows` count for at a time, (len(rows), R)."""
        return self._counts[rows] * self._remembered(self._at_s[rows], t_s)

    def add(self, rows: Indices, regions: Indices, values_ms: Floats, t_s: float) -> None:
        """Takes one value for each (row, region) named; one may be named more than once."""
        cells, places = np.unique(rows * self.means_ms.shape[1] + regions, return_inverse=True)
        added = np.bincount(places)
        sums = np.bincount(places, values_ms)
        at = np.unravel_index(cells, self.means_ms.shape)
        before = self._counts[at] * self._remembered(self._at_s[at], t_s)
        self.means_ms[at] = (before * self.means_ms[at] + sums) / (before + added)
        self._counts[at] = np.minimum(before + added, self._max_count)
        self._at_s[at] = np.maximum(self._at_s[at], t_s)

    def limit(self, rows: Indices, regions: Indices, count: float) -> None:
        """Lets the means of some cells count for no more than `count`, so that what comes now weighs more."""
        self._counts[rows, regions] = np.minimum(self._counts[rows, regions], count)

    def _remembered(self, at_s: Floats, t_s: float) -> Floats:
        return np.asarray(np.exp2(np.minimum(at_s - t_s, 0.0) / self._half_life_s))
