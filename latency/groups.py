"""What groups of clients are like, to be told to those who meet a client that was never observed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from latency.arrays import Floats, Indices


class GroupKind(IntEnum):
    """The first three add to what distance explains; of clients without a place the others say the round trip."""

    EVERYONE = 0
    COUNTRY = 1
    NETWORK = 2
    PLACELESS = 3
    PLACELESS_NETWORK = 4


@dataclass(frozen=True, slots=True)
class GroupEstimates:
    """Of G groups of one kind, for a client of whom no more is known than that it belongs to one of them."""

    kind: GroupKind
    numbers: Indices  # (G,) as `Population` has them; 0 of everyone
    samples: Floats  # (G,) observations remembered
    rtt_ms: Floats  # (G, R)
    variance: Floats  # (G, R) of the error of the whole estimate, in ms²
