"""A small share of clients is sent elsewhere for an hour, so that paths that are not used stay known (S8)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latency.arrays import Flags, Floats, Indices
from latency.draws import Hashes, draws

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Exploration:
    """How much, and how optimistic about what is little known."""

    share: float = 0.01
    optimism: float = 1.0  # standard errors


def explored(
    exploration: Exploration, hashes: Hashes, chosen: Indices, bounds: tuple[Floats, Floats, Flags], t_s: float
) -> tuple[Indices, Flags]:
    """Where clients are sent, and which of them explore, each (C,).

    Takes where they would be sent (C,), and estimates (C, R), their standard errors (C, R) and which regions (R,) may
    be explored. Who explores goes to the runner-up that would be best if its estimate were as wrong as is still likely;
    and nowhere if even that would be no better than the present one.
    """
    rtt_ms, error_ms, is_open = bounds
    each = np.arange(len(chosen))
    optimistic_ms = np.where(is_open, rtt_ms - exploration.optimism * error_ms, np.inf)
    optimistic_ms[each, chosen] = np.inf
    target = optimistic_ms.argmin(axis=1)
    drawn = draws(hashes, int(t_s // HOUR_S)) < exploration.share
    explores = drawn & (optimistic_ms[each, target] < rtt_ms[each, chosen])
    return np.where(explores, target, chosen), explores
