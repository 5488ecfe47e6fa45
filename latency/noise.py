"""How noisy the observations of each client are: a wired network and a mobile one differ tenfold."""

from __future__ import annotations

import numpy as np

from latency.arrays import Floats, Indices
from latency.model import Model
from latency.rows import Rows


class Noise(Rows):
    """Variance of observations around what is true of their client, one number per client."""

    ARRAYS = ("_sums", "_counts")

    def __init__(self, clients: int, model: Model) -> None:
        self._model = model
        self._sums = np.empty(0)
        self._counts = np.empty(0)
        self.extend(clients)

    def deviation_ms(self, clients: Indices) -> Floats:
        """Standard deviation (C,) of one observation."""
        deviation = np.sqrt(self._sums[clients] / self._counts[clients])
        return np.asarray(np.maximum(deviation, self._model.least_noise_ms))

    def add(self, clients: Indices, squares: Floats) -> None:
        """Takes squared deviations (N,) of observations."""
        np.add.at(self._sums, clients, squares)
        np.add.at(self._counts, clients, 1.0)
        kept = np.minimum(1.0, self._model.noise_max_count / self._counts[clients])
        self._sums[clients] *= kept
        self._counts[clients] *= kept

    def extend(self, rows: int) -> None:
        """Makes room for clients with the expected noise."""
        count = self._model.noise_count
        self._sums = np.append(self._sums, np.full(rows, self._model.noise_ms**2 * count))
        self._counts = np.append(self._counts, np.full(rows, count))
