"""What a plan moved, against what it was to move: corrects how demand is thought to be spread (closed loop).

    weights: who follows the plan, by the region preferred ─┐
             who comes to a region whatever the plan ───────┴─► shares expected ─┐
                                                                shares observed ─┴─► factors for the next weights

Those who ask through resolvers that are elsewhere, from caches, or without a row in the map do not follow. How many
that are shows when a plan is in force: it is the mixture that explains best what was answered. A turn is one step of
expectation and maximisation (Dempster, Laird and Rubin, 1977) for the weights of a mixture, taken in part.
"""

from __future__ import annotations

import numpy as np

from latency.arrays import Floats

FOLLOWING, STAYING = 0, 1
ASSUMED_STAYING = 0.1  # of all queries, before anything was observed
GAIN = 0.5  # of a step: an answer is cached, so what is observed is in part of the plan before
TELLING_QUERIES = 200.0  # a country that asked so often moves half as far as one that asked without end
MOST_FACTOR = 8.0


def weights(rows: Floats, observed: Floats, factors: Floats) -> Floats:
    """How the queries of each of K countries are spread, (K, 2, R), all of a country summing to one.

    Takes the rows of the map by the region they prefer (K, R), the queries observed by region (K, R), and what was
    learned (K, 2, R), 1 if nothing. Countries without rows stay as observed, and without queries are as their rows.
    """
    of_rows, seen = _normed(rows), _normed(observed)
    known, asked = of_rows.any(axis=1), seen.any(axis=1)
    staying = np.where(known & asked, ASSUMED_STAYING, np.where(known, 0.0, 1.0))[:, None]
    spread = np.stack([(1.0 - staying) * of_rows, staying * seen], axis=1)
    return _normed((spread * factors).reshape(len(rows), 2 * rows.shape[1])).reshape(spread.shape)


def expected(spread: Floats, sent: Floats) -> Floats:
    """Shares of a country's queries by region, (K, R): `spread` is (K, 2, R), and `sent` (K, R, R) says which share of
    those who prefer a region is sent to each."""
    return np.asarray(np.einsum("kp,kpr->kr", spread[:, FOLLOWING], sent) + spread[:, STAYING])


def corrected(factors: Floats, spread: Floats, sent: Floats, observed: Floats) -> Floats:
    """Factors (K, 2, R) that explain better what was observed (K, R) while the plan was in force.

    Each is within MOST_FACTOR of 1. Shares that nothing explains are left out of account.
    """
    shares = expected(spread, sent)
    explained = np.where(shares > 0, observed, 0.0)
    total = explained.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        more = np.where((shares > 0) & (total > 0), explained / (total * shares), 1.0)
    ratios = np.stack([np.einsum("kpr,kr->kp", sent, more), more], axis=1)
    gain = (GAIN * total / (total + TELLING_QUERIES))[:, :, None]
    return np.asarray(np.clip(factors * np.maximum(ratios, 1.0 / MOST_FACTOR) ** gain, 1 / MOST_FACTOR, MOST_FACTOR))


def _normed(rows: Floats) -> Floats:
    totals = rows.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(rows, totals, out=np.zeros_like(rows, dtype=np.float64), where=totals > 0))
