"""The order in which each client is served by regions, with hysteresis in it (S7).

    place 1 ── the first of the old order, or the best one if that is better by enough ──► place 2, of those left ──► …

Whatever candidates a policy leaves, the one that comes first in the order is served. It is no worse than the best of
them by more than the margin, and none came to stand before another without being better by the margin than one that
stood as high. So whoever serves by the order remembers nothing, and edges that have the same order serve alike.
"""

from __future__ import annotations

import numpy as np

from latency.arrays import Floats, Indices
from latency.hysteresis import Switching


def ranked(estimates_ms: Floats, previous: Indices | None, switching: Switching) -> Indices:
    """Columns of `estimates_ms` (C, R) in the order to serve, (C, R), given that of before, or None: there was none.

    Estimates are those by which clients are compared: with caution, and above zero.
    """
    if previous is None:
        return estimates_ms.argsort(axis=1, kind="stable")
    each = np.arange(len(estimates_ms))
    left_ms = np.take_along_axis(estimates_ms, previous, axis=1)  # by their old places; infinite once they are placed
    order = np.empty_like(previous)
    for place in range(previous.shape[1]):
        present, best = np.isfinite(left_ms).argmax(axis=1), left_ms.argmin(axis=1)
        leaves = switching.is_better(left_ms[each, best], left_ms[each, present])
        taken = np.where(leaves, best, present)
        order[:, place] = previous[each, taken]
        left_ms[each, taken] = np.inf
    return order


def put_before(orders: Indices, moved: Indices, before: Indices) -> Indices:
    """Orders (C, R) in which the column `moved` (C,) stands right before another one (C,), unless it is below zero."""
    places = 2 * orders.argsort(axis=1)
    going = np.flatnonzero(moved >= 0)
    places[going, moved[going]] = places[going, before[going]] - 1
    return places.argsort(axis=1, kind="stable")
