"""What one plan hands to the next: factors of who follows plans (loop.py), by country and region."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from latency.arrays import Floats, Indices
from latency.rows import Columns


@dataclass(frozen=True, slots=True)
class Learned(Columns):
    """Of K countries and R regions, both rising."""

    countries: Indices  # (K,)
    region_ids: Indices  # (R,)
    factors: Floats  # (K, 2, R)

    @classmethod
    def nothing(cls) -> Self:
        """Nothing was observed yet."""
        none = np.empty(0, dtype=np.int64)
        return cls(none, none, np.empty((0, 2, 0)))

    def factors_of(self, countries: Indices, region_ids: Indices) -> Floats:
        """The factors for these countries and regions, rising; 1 of those that are new."""
        factors = np.ones((len(countries), 2, len(region_ids)))
        _, rows, my_rows = np.intersect1d(countries, self.countries, return_indices=True)
        _, columns, my_columns = np.intersect1d(region_ids, self.region_ids, return_indices=True)
        factors[rows[:, None], :, columns] = self.factors[my_rows[:, None], :, my_columns]
        return factors
