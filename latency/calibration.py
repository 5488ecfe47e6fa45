"""Whether predictions come true: each measurement is predicted before it is learned (Dawid 1984: prequential).

    Foreseen ─► cells by region, country and bin of the prediction: Sums, whole numbers that merge in any order
                   │
                   ├─► deciles: what was predicted against what was observed
                   └─► drifts: regions whose predictions are no longer what is observed

A comparison is one client's measurements of one endpoint within ten seconds: their geometric mean against the
prediction, as a logarithm. All sums are of comparisons.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from latency.foreseen import Foreseen
from latency.intake import country_name
from telemetry.rum.sketch import LOG_UNITS

BINS_PER_OCTAVE = 8
"""A bin is 9 % wide: deciles are exact enough, and a client's predictions stay within a few bins."""
BINS = 12 * BINS_PER_OCTAVE  # from 1 ms to 4 s
DECILES = 10

ENOUGH = 200
"""Comparisons: with a spread of 0.4, which WiFi and mobile networks have, their mean is known to 3 %."""
ERRORS_OFF = 3.0  # standard errors: one false alarm in some hundred hours of twenty regions
REGION_BIAS = 0.10
"""Against all regions together. Orders change at 5 % (latency.hysteresis): twice that, and clients are sent wrongly."""
COMMON_BIAS = 0.25
"""Of all regions. It changes no order, as all are off alike, but what is said of round trips no longer holds."""
SPREAD_GROWTH = 1.5
"""Of the absolute error against the time before: half as much again is no chance among ENOUGH comparisons."""


class Cell(NamedTuple):
    """What sums are kept of."""

    region_id: int
    country: str  # empty: unknown
    bin: int  # of the prediction: from 2^(bin/8) ms on


@dataclass(frozen=True, slots=True)
class Sums:
    """Logarithms in telemetry.rum.sketch.LOG_UNITS; `ratio` is observed over predicted."""

    count: int = 0
    predicted_log: int = 0
    ratio_log: int = 0
    ratio_log_absolute: int = 0
    ratio_log_square: int = 0
    error_us: int = 0  # absolute, in microseconds

    def __add__(self, other: Self) -> Self:
        return type(self)(*(mine + theirs for mine, theirs in zip(self.values(), other.values(), strict=True)))

    def values(self) -> tuple[int, ...]:
        """In the order of the fields."""
        return (
            self.count,
            self.predicted_log,
            self.ratio_log,
            self.ratio_log_absolute,
            self.ratio_log_square,
            self.error_us,
        )

    @property
    def bias(self) -> float:
        """Mean logarithm of observed over predicted: 0.1 is about 10 % too low a prediction. Of nothing 0."""
        return self.ratio_log / LOG_UNITS / self.count if self.count else 0.0

    @property
    def bias_error(self) -> float:
        """Standard error of the bias; infinite for fewer than two comparisons."""
        if self.count < 2:
            return math.inf
        square_sum = self.ratio_log_square - self.ratio_log**2 / self.count
        return math.sqrt(max(square_sum, 0.0) / (self.count - 1) / self.count) / LOG_UNITS

    @property
    def spread(self) -> float:
        """Mean absolute logarithm of observed over predicted. Of nothing 0."""
        return self.ratio_log_absolute / LOG_UNITS / self.count if self.count else 0.0

    @property
    def error_ms(self) -> float:
        """Mean absolute error. Of nothing 0."""
        return self.error_us / 1000 / self.count if self.count else 0.0


class Decile(NamedTuple):
    """A tenth of the comparisons, by what was predicted: geometric means."""

    predicted_ms: float
    observed_ms: float


@dataclass(frozen=True, slots=True)
class Drift:
    """An alarm. `region_id` None: of all regions. `kind`: bias or spread; `value` is beyond `limit`."""

    region_id: int | None
    kind: str
    value: float
    limit: float
    count: int


def compared(foreseen: Foreseen) -> dict[Cell, Sums]:
    """The comparisons of a turn, by cell."""
    if not len(foreseen.keys):
        return {}
    predicted_logs = np.rint(LOG_UNITS * np.log(foreseen.predicted_ms)).astype(np.int64)
    ratios = np.rint(LOG_UNITS * np.log(foreseen.observed_ms / foreseen.predicted_ms)).astype(np.int64)
    errors_us = np.rint(1000 * np.abs(foreseen.observed_ms - foreseen.predicted_ms)).astype(np.int64)
    bins = np.clip(np.floor(BINS_PER_OCTAVE * np.log2(foreseen.predicted_ms)), 0, BINS - 1).astype(np.int64)
    cells, rows = np.unique(np.stack([foreseen.region_ids, foreseen.countries, bins]), axis=1, return_inverse=True)
    columns = (np.ones_like(ratios), predicted_logs, ratios, np.abs(ratios), ratios**2, errors_us)
    sums = np.zeros((cells.shape[1], len(columns)), dtype=np.int64)
    np.add.at(sums, rows.reshape(-1), np.stack(columns, axis=1))
    return {
        Cell(region_id, country_name(country), number): Sums(*of_cell)
        for (region_id, country, number), of_cell in zip(cells.T.tolist(), sums.tolist(), strict=True)
    }


def deciles(by_bin: Mapping[int, Sums]) -> list[Decile]:
    """The lowest tenth of the predictions first; a bin that is in two tenths is shared between them."""
    numbers = sorted(number for number, sums in by_bin.items() if sums.count)
    counts = np.array([by_bin[number].count for number in numbers], dtype=np.float64)
    if not len(counts):
        return []
    ends = np.cumsum(counts)
    bounds = ends[-1] * np.arange(DECILES + 1)[:, None] / DECILES
    shares = np.clip(np.minimum(bounds[1:], ends) - np.maximum(bounds[:-1], ends - counts), 0, None) / counts
    predicted = np.array([by_bin[number].predicted_log for number in numbers]) / LOG_UNITS
    ratios = np.array([by_bin[number].ratio_log for number in numbers]) / LOG_UNITS
    tenth = ends[-1] / DECILES
    means = zip(shares @ predicted / tenth, shares @ (predicted + ratios) / tenth, strict=True)
    return [Decile(math.exp(before), math.exp(after)) for before, after in means]


def drifts(recent: Mapping[int, Sums], before: Mapping[int, Sums]) -> list[Drift]:
    """Alarms of recent comparisons by region, against those of the time before; none where there are too few."""
    everyone = total(recent.values())
    found = [] if everyone.count < ENOUGH else _biased(None, everyone, 0.0, COMMON_BIAS)
    for region_id, sums in sorted(recent.items()):
        if sums.count >= ENOUGH:
            found += _biased(region_id, sums, everyone.bias, REGION_BIAS) + _spread(region_id, sums, before)
    return found


def total(sums: Iterable[Sums]) -> Sums:
    """All of them together."""
    return sum(sums, Sums())


def merged(cells: Sequence[tuple[int, Sums]]) -> dict[int, Sums]:
    """Sums by a number: of the bin, or the region."""
    found: dict[int, Sums] = {}
    for number, sums in cells:
        found[number] = found.get(number, Sums()) + sums
    return found


def _biased(region_id: int | None, sums: Sums, expected: float, limit: float) -> list[Drift]:
    bias = sums.bias - expected
    is_off = abs(bias) - ERRORS_OFF * sums.bias_error > limit
    return [Drift(region_id, "bias", bias, limit, sums.count)] if is_off else []


def _spread(region_id: int, sums: Sums, before: Mapping[int, Sums]) -> list[Drift]:
    known = before.get(region_id, Sums())
    limit = SPREAD_GROWTH * known.spread
    is_off = known.count >= ENOUGH and sums.spread > limit
    return [Drift(region_id, "spread", sums.spread, limit, sums.count)] if is_off else []
