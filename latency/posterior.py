"""What the residuals of one client towards all regions are likely to be, given what was observed towards some.

With the prior covariance S between regions, n observations of mean q and noise σ² each, and W = diag(n / σ²):

    mean = S W½ (1 + W½ S W½)⁻¹ W½ q        covariance = S - S W½ (1 + W½ S W½)⁻¹ W½ S

(the normal posterior; Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, eq. 2.25 and 2.26, written
so that regions without observations need no special case). If S is diagonal with variance τ², the mean of a region is
q · n / (n + κ) with κ = σ² / τ²: the usual shrinkage.

Where a region has no observation its row of W½ S is zero and its part of the system is 1: it is left out of both, so
that a client costs as much as it has observed regions, not as much as there are.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from latency.arrays import Floats, Indices

SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256)
"""Observed regions up to which clients share a system of one size: the rest of it is regions without observations."""
AT_ONCE = 256  # clients, so that their matrices stay near the processor: measured with 20 regions


def posterior(covariance: Floats, counts: Floats, means: Floats, noise: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean (C, R), variance (C, R), and pull (C,): times a variance shared by all regions, the mean of what they share.

    Takes the prior covariance (C, R, R), and per client counts (C, R), means (C, R) and noise as a standard deviation
    (C,).
    """
    roots = np.sqrt(counts) / noise[:, None]
    diagonal = np.arange(counts.shape[1])
    mean, variance, pull = np.zeros_like(counts), covariance[:, diagonal, diagonal].copy(), np.zeros(len(counts))
    for clients, observed in _alike(counts):
        at = clients[:, None], observed
        weighted = covariance[at] * roots[at][:, :, None]  # W½ S
        system = np.take_along_axis(weighted, observed[:, None, :], axis=2) * roots[at][:, None, :]
        system[:, np.arange(observed.shape[1]), np.arange(observed.shape[1])] += 1.0
        solved = np.linalg.solve(system, np.concatenate([weighted, (roots[at] * means[at])[:, :, None]], axis=2))
        gains, pulls = solved[:, :, :-1], solved[:, :, -1]
        mean[clients] = np.einsum("cij,ci->cj", weighted, pulls)
        variance[clients] -= np.einsum("cij,cij->cj", weighted, gains)
        pull[clients] = (roots[at] * pulls).sum(axis=1)
    return mean, np.maximum(variance, 0.0), pull


def _alike(counts: Floats) -> Iterator[tuple[Indices, Indices]]:
    """Clients (N,) by how many regions they have observed, and those regions (N, K), the others after them."""
    observed = np.count_nonzero(counts, axis=1)
    first = (counts == 0).argsort(axis=1, kind="stable")
    regions = counts.shape[1]
    sizes = np.minimum(np.array(SIZES)[np.searchsorted(SIZES, observed)], regions)
    for size in np.unique(sizes[observed > 0]).tolist():
        clients = np.flatnonzero((sizes == size) & (observed > 0))
        for begin in range(0, len(clients), AT_ONCE):
            part = clients[begin : begin + AT_ONCE]
            yield part, first[part, :size]


def surprise(covariance: Floats, counts: Floats, means: Floats, worth: float) -> Floats:
    """By how much the prior variance of each client is to be multiplied, (C,), at least 1.

    A client that geo databases put on the wrong continent is further from its prior than the prior admits: the mean of
    squared residuals in units of the prior variance, with 1 weighed as `worth` regions.
    """
    seen = np.minimum(counts, 1.0)
    diagonal = np.arange(counts.shape[1])
    squares = seen * means**2 / covariance[:, diagonal, diagonal]
    return np.asarray(np.maximum((worth + squares.sum(axis=1)) / (worth + seen.sum(axis=1)), 1.0))
