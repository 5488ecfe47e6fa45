"""What is kept of many measurements: enough for a mean, a spread and percentiles, at a fixed size.

Every part is a whole number, so that merging is associative and commutative to the last bit: batches may arrive in
any order, by any process, and grouped in any way.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

LOG_UNITS = 1000
"""Logarithms are kept in thousandths of a neper: 0.1 % of a round trip, far below what two measurements differ by."""
BINS = 24
BINS_PER_OCTAVE = 2
LOWEST_BIN_MS = 1.0
"""Bin n is from 2^(n/2) ms on: 1 ms to 4 s. The first also holds what is shorter, the last what is longer."""
WORDS = struct.Struct("<3q")
"""A histogram in three numbers of 64 bits, an octet a bin: adding them adds bins, as no bin exceeds MOST_IN_WORDS."""
MOST_IN_WORDS = 127


def log_of(rtt_ms: float) -> int:
    """Natural logarithm in LOG_UNITS. `rtt_ms` > 0."""
    return round(LOG_UNITS * math.log(rtt_ms))


def bin_of(rtt_ms: float) -> int:
    """Number of the bin, from 0 to BINS - 1. `rtt_ms` > 0."""
    if rtt_ms < LOWEST_BIN_MS:
        return 0
    return min(int(BINS_PER_OCTAVE * math.log2(rtt_ms / LOWEST_BIN_MS)), BINS - 1)


@dataclass(frozen=True, slots=True)
class Sketch:
    """`log_sum` and `log_square_sum` are of log_of() of each measurement; `histogram` has BINS counts."""

    count: int
    log_sum: int
    log_square_sum: int
    histogram: tuple[int, ...]

    @classmethod
    def of(cls, rtts_ms: Iterable[float]) -> Self:
        """Of round trips, each > 0."""
        count, log_sum, log_square_sum, histogram = 0, 0, 0, [0] * BINS
        for rtt_ms in rtts_ms:
            log = log_of(rtt_ms)
            count += 1
            log_sum += log
            log_square_sum += log * log
            histogram[bin_of(rtt_ms)] += 1
        return cls(count, log_sum, log_square_sum, tuple(histogram))

    def merged(self, other: Self) -> Self:
        """Of the measurements of both."""
        return type(self)(
            self.count + other.count,
            self.log_sum + other.log_sum,
            self.log_square_sum + other.log_square_sum,
            tuple(mine + theirs for mine, theirs in zip(self.histogram, other.histogram, strict=True)),
        )

    def words(self) -> tuple[int, int, int]:
        """The histogram in WORDS. Raises ValueError where a bin exceeds what those hold."""
        if self.count > MOST_IN_WORDS and max(self.histogram) > MOST_IN_WORDS:
            raise ValueError(f"a bin holds more than {MOST_IN_WORDS}: cap the measurements of a window")
        first, second, third = WORDS.unpack(bytes(self.histogram))
        return first, second, third

    @staticmethod
    def histogram_of(words: tuple[int, ...]) -> tuple[int, ...]:
        """What words() was made of."""
        return tuple(WORDS.pack(*words))

    @property
    def mean_log_rtt(self) -> float:
        """Mean of ln(rtt_ms). At least one measurement."""
        return self.log_sum / self.count / LOG_UNITS

    @property
    def variance_log_rtt(self) -> float:
        """Sample variance of ln(rtt_ms); 0 of a single measurement."""
        if self.count < 2:
            return 0.0
        square_sum = self.log_square_sum - self.log_sum * self.log_sum / self.count
        return max(square_sum, 0.0) / (self.count - 1) / LOG_UNITS**2

    def quantile_ms(self, share: float) -> float:
        """Round trip that `share` (0 to 1) of the measurements are not above: the middle of its bin, by ratio.

        At least one measurement. Off by at most a quarter of an octave, 19 %, between 1 ms and 4 s.
        """
        rank, reached = max(math.ceil(share * self.count), 1), 0
        for number, count in enumerate(self.histogram):
            reached += count
            if reached >= rank:
                return LOWEST_BIN_MS * math.exp2((number + 0.5) / BINS_PER_OCTAVE)
        raise ValueError("a sketch of nothing has no quantiles")
