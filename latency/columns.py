"""Regions come and go: what is known by region, with a column each, moves to the columns of other regions."""

from __future__ import annotations

import numpy as np

from latency.arrays import Indices
from latency.rows import State

COVARIANCES = "covariances"


def moved(state: State, before: Indices, after: Indices) -> State:
    """The state of an estimator for the regions `after`, ids as `before`: of new ones nothing is known.

    How regions go together is not kept: it is learned again in ten minutes.
    """
    return {
        name: _moved(array, before, after) if array.ndim == 2 else array
        for name, array in state.items()
        if name != COVARIANCES
    }


def orders_moved(orders: Indices, before: Indices, after: Indices) -> Indices:
    """Orders (C, R) in which the regions that stay keep theirs, and new ones come last."""
    places = _moved(orders.argsort(axis=1) - len(before), before, after)  # below zero, and zero of new ones
    return places.argsort(axis=1, kind="stable")


def _moved(array: Indices, before: Indices, after: Indices) -> Indices:
    stays = np.isin(after, before)
    result = np.zeros((len(array), len(after)), dtype=array.dtype)
    result[:, stays] = array[:, np.searchsorted(before, after[stays])]
    return result
