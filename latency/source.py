"""Which level carries an estimate, so that it can be explained."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from latency.arrays import Flags, Floats, Indices

ENOUGH = 1.0  # remembered observations from which a level is said to carry the estimate


class Source(IntEnum):
    """From the least to the most specific."""

    NOTHING = 0  # neither a distance nor any observation
    DISTANCE = 1
    EVERYONE = 2  # what this region is like for all clients
    RELATED = 3  # what this client observed of other regions
    COUNTRY = 4
    NETWORK = 5
    CELL = 6  # what this client observed of this region


def sources(cell: Floats, levels: tuple[Floats, Floats, Floats], has_distance: Flags) -> tuple[Indices, Floats]:
    """The source and its number of observations, each (C, R).

    Takes counts (C, R) of the cell and of everyone, country and network, and where a distance is known.
    """
    everyone, country, network = levels
    others = np.where(has_distance, 0.0, cell.sum(axis=1, keepdims=True) - cell)
    carrying = [
        (Source.CELL, cell),
        (Source.NETWORK, network),
        (Source.COUNTRY, country),
        (Source.RELATED, others),
        (Source.EVERYONE, np.where(has_distance, 0.0, everyone)),
    ]
    enough = [counts >= ENOUGH for _, counts in carrying]
    fallback = np.where(has_distance, int(Source.DISTANCE), int(Source.NOTHING))
    source = np.select(enough, [np.full_like(fallback, int(source)) for source, _ in carrying], fallback)
    return source, np.select(enough, [counts for _, counts in carrying], 0.0)
