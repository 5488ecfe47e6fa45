"""What was believed of measurements before they were learned: the evidence by which learning itself is judged."""

from __future__ import annotations

from dataclasses import dataclass

from latency.arrays import Floats, Indices


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Of N increments of a turn (latency.intake), each (N,)."""

    keys: Indices  # of the clients
    countries: Indices  # of the clients, as numbers
    region_ids: Indices  # that were measured
    served_ids: Indices  # regions that their clients would have been answered with
    counts: Indices  # measurements that each counts for in learning
    predicted_ms: Floats
    observed_ms: Floats
