"""What `/metrics` said at one moment, and what happened between two."""

from __future__ import annotations

import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from urllib.error import URLError

from prometheus_client.parser import text_string_to_metric_families

TIMEOUT_S = 2.0


class UnreadableError(Exception):
    """Nothing that could be shown came from the edge. The message names the address."""


@dataclass(frozen=True, slots=True)
class Sample:
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Reading:
    """Samples by name. `at_s` is of a clock that only rises."""

    at_s: float
    samples: Mapping[str, list[Sample]]

    def value(self, name: str) -> float | None:
        """Of a metric without labels; None: the edge does not say."""
        samples = self.samples.get(name)
        return samples[0].value if samples else None

    def label(self, name: str, label: str) -> str:
        samples = self.samples.get(name)
        return samples[0].labels.get(label, "") if samples else ""

    def totals(self, name: str, *labels: str) -> Counter[tuple[str, ...]]:
        """Sums by these labels."""
        found: Counter[tuple[str, ...]] = Counter()
        for sample in self.samples.get(name, []):
            found[tuple(sample.labels.get(label, "") for label in labels)] += sample.value  # type: ignore[assignment]
        return found


def read(text: str, at_s: float) -> Reading:
    """Raises UnreadableError."""
    samples: dict[str, list[Sample]] = {}
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                samples.setdefault(sample.name, []).append(Sample(sample.labels, sample.value))
    except ValueError as error:
        raise UnreadableError(f"not metrics: {error}") from error
    return Reading(at_s, samples)


def fetch(url: str, at_s: float) -> Reading:
    """Ask an edge. Raises UnreadableError."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:  # noqa: S310 - the operator's own address
            text = response.read().decode(errors="replace")
    except (URLError, OSError, ValueError) as error:
        raise UnreadableError(f"{url}: {getattr(error, 'reason', error)}") from error
    return read(text, at_s)


@dataclass(frozen=True, slots=True)
class Interval:
    """Between two readings of one edge. A counter that fell began anew: the edge was restarted."""

    before: Reading
    now: Reading

    @property
    def seconds(self) -> float:
        return max(self.now.at_s - self.before.at_s, 1e-9)

    def rates(self, name: str, *labels: str) -> dict[tuple[str, ...], float]:
        """A second, by these labels, the highest first."""
        before, now = self.before.totals(name, *labels), self.now.totals(name, *labels)
        rates = {key: risen(before[key], count) / self.seconds for key, count in now.items()}
        return dict(sorted(rates.items(), key=lambda item: (-item[1], item[0])))

    def rate(self, name: str) -> float:
        return sum(self.rates(name).values())

    def percentile_s(self, name: str, share: float) -> float | None:
        """The time within which `share` (0 to 1) of the queries were answered; None: there were none."""
        before, now = (_cumulative(reading, name) for reading in (self.before, self.now))
        within = {bound: risen(before.get(bound, 0.0), count) for bound, count in now.items()}
        total = within.get(float("inf"), 0.0)
        if not total:
            return None
        wanted = share * total
        for (low, below), (high, count) in pairwise([(0.0, 0.0), *sorted(within.items())]):
            if count >= wanted:
                if high == float("inf"):
                    return low
                return low + (high - low) * (wanted - below) / max(count - below, 1e-9)
        return None


def risen(before: float, now: float) -> float:
    return now - before if now >= before else now


def _cumulative(reading: Reading, name: str) -> dict[float, float]:
    return {float(bound): count for (bound,), count in reading.totals(f"{name}_bucket", "le").items()}
