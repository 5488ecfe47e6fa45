"""How round trips are distributed, in buckets that grow by a fixed ratio, so that a percentile is known to a fixed
relative error and sketches merge by addition (DDSketch: Masson, Rim and Lee, VLDB 2019).

Bucket i holds the round trips in (RATIO^(i-1), RATIO^i] ms.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

RELATIVE_ERROR = 0.05
RATIO = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
LOWEST_MS, HIGHEST_MS = 0.01, 3_600_000.0
"""Beyond these a round trip counts as one of these. No probe may take longer than an hour."""

_LOG_RATIO = math.log(RATIO)

Sketch = Mapping[int, int]
"""Bucket to how many round trips it holds; those without any are left out."""


def bucket_of(rtt_ms: float) -> int:
    return math.ceil(math.log(min(max(rtt_ms, LOWEST_MS), HIGHEST_MS)) / _LOG_RATIO)


def value_of(bucket: int) -> float:
    """The round trip in ms that stands for a bucket: no other of it is further away than RELATIVE_ERROR."""
    return float(2 * RATIO**bucket / (RATIO + 1))


def merged(sketches: Iterable[Sketch]) -> Counter[int]:
    """The sketch of everything together."""
    total: Counter[int] = Counter()
    for sketch in sketches:
        total.update(sketch)
    return total


def percentile(sketch: Sketch, share: float) -> float | None:
    """The round trip in ms that `share` (0 to 1) of all are not longer than, by nearest rank; None without any."""
    rank = max(1, math.ceil(share * sum(sketch.values())))
    seen = 0
    for bucket in sorted(sketch):
        seen += sketch[bucket]
        if seen >= rank:
            return value_of(bucket)
    return None
