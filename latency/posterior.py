"""What the residuals of one client towards all regions are likely to be, given what was observed towards some.

With the prior covariance S between regions, n observations of mean q and noise σ² each, and W = diag(n / σ²):

    mean = S W½ (1 + W½ S W½)⁻¹ W½ q        covariance = S - S W½ (1 + W½ S W½)⁻¹ W½ S

(the normal posterior; Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, eq. 2.25 and 2.26, written
so that regions without observations need no special case). If S is diagonal with variance τ², the mean of a region is
q · n / (n + κ) with κ = σ² / τ²: the usual shrinkage.
"""

from __future__ import annotations

import numpy as np

from latency.arrays import Floats


def posterior(covariance: Floats, counts: Floats, means: Floats, noise: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean (C, R), variance (C, R), and pull (C,): times a variance shared by all regions, the mean of what they share.

    Takes the prior covariance (C, R, R), and per client counts (C, R), means (C, R) and noise as a standard deviation
    (C,).
    """
    roots = np.sqrt(counts) / noise[:, None]
    weighted = covariance * roots[:, :, None]  # W½ S
    system = weighted * roots[:, None, :]
    diagonal = np.arange(counts.shape[1])
    system[:, diagonal, diagonal] += 1.0
    solved = np.linalg.solve(system, np.concatenate([weighted, (roots * means)[:, :, None]], axis=2))
    gains, pulls = solved[:, :, :-1], solved[:, :, -1]
    mean = np.einsum("cij,ci->cj", weighted, pulls)
    reduction = np.einsum("cij,cij->cj", weighted, gains)
    variance = np.maximum(covariance[:, diagonal, diagonal] - reduction, 0.0)
    return mean, variance, (roots * pulls).sum(axis=1)


def surprise(covariance: Floats, counts: Floats, means: Floats, worth: float) -> Floats:
    """By how much the prior variance of each client is to be multiplied, (C,), at least 1.

    A client that geo databases put on the wrong continent is further from its prior than the prior admits: the mean of
    squared residuals in units of the prior variance, with 1 weighed as `worth` regions.
    """
    seen = np.minimum(counts, 1.0)
    diagonal = np.arange(counts.shape[1])
    squares = seen * means**2 / covariance[:, diagonal, diagonal]
    return np.asarray(np.maximum((worth + squares.sum(axis=1)) / (worth + seen.sum(axis=1)), 1.0))
