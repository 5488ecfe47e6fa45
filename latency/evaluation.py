"""What charts, the API and alarms ask of how good predictions were. Retention of what they read.

LatencyCalibration ─► by bin ─► deciles
                   └► by region, of the last hour and the day before it ─► drifts
LatencyCoverage, and the answers of the last hour by country ─► countries, each with its regions
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q, Sum

from latency.calibration import Decile, Drift, Sums, deciles, drifts, total
from latency.models import LatencyCalibration, LatencyCoverage, LatencyParity
from telemetry.services import countries as countries_asking

CALIBRATION_BUCKET_S = 600
KEPT = timedelta(hours=24)
RECENT = timedelta(hours=1)
COLUMNS = ("count", "predicted_log", "ratio_log", "ratio_log_absolute", "ratio_log_square", "error_us")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Comparisons of a span of time: all, their deciles, and by region."""

    all: Sums
    deciles: list[Decile]
    regions: dict[int, Sums]


@dataclass(frozen=True, slots=True)
class CoveredRegion:
    """What is known of the way from a country to a region. `youngest`: the last measurement within a day."""

    region_id: int
    clients: int
    served: int
    own: int
    network: int
    country: int
    samples: float
    youngest: datetime | None

    @property
    def other(self) -> int:
        """Clients whose estimate rests on what all have in common, or on distance alone."""
        return self.clients - self.own - self.network - self.country


@dataclass(frozen=True, slots=True)
class CoveredCountry:
    """A country (empty: unknown) whose clients asked within the last hour, or measured at some time."""

    country: str
    answers: int  # steered ones, within the last hour
    regions: list[CoveredRegion]

    @property
    def clients(self) -> int:
        """Client networks that ever measured."""
        return max((region.clients for region in self.regions), default=0)

    @property
    def samples(self) -> float:
        """Measurements that are remembered."""
        return sum(region.samples for region in self.regions)

    @property
    def youngest(self) -> datetime | None:
        """The last measurement within a day."""
        return max((region.youngest for region in self.regions if region.youngest), default=None)


def covered_countries(now: datetime) -> list[CoveredCountry]:
    """What estimates rest on where clients ask from, the busiest country first.

    Edges count answers by country, not by client: a country without a client that measured rests on fallbacks alone.
    """
    asking, found, newest = countries_asking(None, now - RECENT, now), defaultdict(list), youngest(now - KEPT)
    for row in LatencyCoverage.objects.order_by("country", "region_id"):
        last = newest.get((row.region_id, row.country))
        counts = (row.clients, row.served, row.own, row.network, row.of_country)
        found[row.country].append(CoveredRegion(row.region_id, *counts, row.samples, last))
    countries = [CoveredCountry(name, asking.get(name, 0), found[name]) for name in {*asking, *found}]
    return sorted(countries, key=lambda each: (-each.answers, -each.clients, each.country))


def answered_from_measured(countries: list[CoveredCountry]) -> float | None:
    """Share of the last hour's steered answers that went to countries with measurements; None: there were none."""
    answers = sum(each.answers for each in countries)
    return sum(each.answers for each in countries if each.clients) / answers if answers else None


def calibration(since: datetime, until: datetime) -> Calibration:
    """How predictions compared with what was measured, in buckets that start within [since, until)."""
    by_bin = _sums("bin", since, until)
    return Calibration(total(by_bin.values()), deciles(by_bin), _sums("region_id", since, until))


def drifting(now: datetime) -> list[Drift]:
    """Regions whose predictions of the last hour are off; None stands for all of them."""
    return drifts(_sums("region_id", now - RECENT, now), _sums("region_id", now - KEPT, now - RECENT))


def warn(now: datetime) -> list[Drift]:
    """Log what is drifting. Returns it."""
    found = drifting(now)
    for drift in found:
        where = "all regions" if drift.region_id is None else f"region {drift.region_id}"
        log.warning(
            "latency predictions of %s are off: %s %+.2f beyond %.2f, of %d measurements within an hour",
            where, drift.kind, drift.value, drift.limit, drift.count,
        )  # fmt: skip
    return found


def newest_parity() -> LatencyParity | None:
    """The last comparison of maps with what their turns give once more; None: there was none yet."""
    return LatencyParity.objects.first()


def mismatches(now: datetime) -> list[LatencyParity]:
    """Comparisons of the last day that found maps to be others, the newest first."""
    return list(LatencyParity.objects.filter(checked__gte=now - KEPT, mismatches__gte=1))


def youngest(since: datetime) -> dict[tuple[int, str], datetime]:
    """The last measurement by region and country of the client; those that had none since are left out."""
    rows = LatencyCalibration.objects.filter(newest__gte=since).values_list("region_id", "country")
    return {(region_id, country): newest for region_id, country, newest in rows.annotate(Max("newest")).order_by()}


def forget(now: datetime) -> int:
    """Delete what is too old for any of these. Returns how many rows."""
    return LatencyCalibration.objects.filter(bucket__lt=now - KEPT).delete()[0]


def _sums(by: str, since: datetime, until: datetime) -> dict[int, Sums]:
    span = LatencyCalibration.objects.filter(Q(bucket__gte=since, bucket__lt=until))
    rows = span.values_list(by).annotate(*(Sum(name) for name in COLUMNS)).order_by()
    return {number: Sums(*(int(each) for each in sums)) for number, *sums in rows}
