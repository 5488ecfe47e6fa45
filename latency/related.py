"""How the residuals of one client towards different regions go together, learned from many clients.

Regions that are close to each other are close to, or far from, the same clients: who knows nothing of where a client is
still learns from one region about the others.
"""

from __future__ import annotations

import numpy as np

from latency.arrays import Floats


def learned_covariance(assumed: Floats, counts: Floats, means: Floats, noise: Floats, worth: float) -> Floats:
    """Covariance (R, R) of residuals: `assumed` (R, R) weighed as `worth` pairs against what clients show.

    Takes counts (C, R), means (C, R) and noise (C,) of the clients. The noise of a mean is taken off the diagonal, and
    what is no covariance for want of data is moved to the nearest one.
    """
    seen = np.minimum(counts, 1.0)
    weighted = seen * means
    squares = weighted.T @ weighted
    pairs = seen.T @ seen
    noise_of_means = (seen**2 * noise[:, None] ** 2 / np.maximum(counts, 1.0)).sum(axis=0)
    squares[np.diag_indices_from(squares)] -= noise_of_means
    return _positive((assumed * worth + squares) / (worth + pairs))


def _positive(matrix: Floats) -> Floats:
    """The nearest matrix without negative variances in any direction (Higham 1988)."""
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return np.asarray((vectors * np.maximum(values, 1.0)) @ vectors.T)
