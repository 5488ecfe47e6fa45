"""History for people: percentiles and availability, in steps that fit the stretch that is looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from healthchecks.history.adding_up import added_up
from healthchecks.history.models import HourOutcomes, MinuteOutcomes, Rollup
from healthchecks.history.partitions import KEEP_MINUTES
from healthchecks.history.resolution import HOUR, floor_to, step_for
from healthchecks.history.sketch import Sketch, merged, percentile
from healthchecks.models import Assignment
from regions.models import Region

EPOCH = datetime.fromtimestamp(0, UTC)
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Seen:
    """Outcomes of a stretch of time. Round trips, in ms, are those of probes that succeeded; None without any."""

    probes: int
    failures: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None

    @property
    def availability(self) -> float | None:
        """The share of probes that succeeded."""
        return 1 - self.failures / self.probes if self.probes else None

    @classmethod
    def of(cls, probes: int, failures: int, sketch: Sketch) -> Seen:
        return cls(probes, failures, *(percentile(sketch, share) for share in (0.5, 0.95, 0.99)))


@dataclass(frozen=True, slots=True)
class Point:
    """What was seen in the step that began `at`."""

    at: datetime
    seen: Seen


@dataclass(frozen=True, slots=True)
class Series:
    """What one vantage saw of one family under one check; steps without a probe have no point.

    `assignment_id` is None where several endpoints are added up.
    """

    assignment_id: int | None
    family: int
    vantage: str
    points: list[Point]
    whole: Seen


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of history, in steps; `begin` and `end` are moments of steps."""

    begin: datetime
    end: datetime
    step: timedelta

    @classmethod
    def between(cls, begin: datetime, end: datetime, now: datetime, *, by_hour: bool = False) -> Stretch:
        """`by_hour`: no finer, which costs a sixtieth. Raises StretchError for one that cannot be shown."""
        step = step_for(begin, end, end if by_hour else now - KEEP_MINUTES)
        return cls(floor_to(begin, step), end, step)


def history(
    assignments: Collection[Assignment], stretch: Stretch, *, vantage: Region | None = None, together: bool = False
) -> list[Series]:
    """One series for each of these assignments, family and vantage, or `together` one for each family and vantage.

    Of all vantages that still are, or of one.
    """
    vantages = [vantage] if vantage else Region.objects.filter(team__in={row.endpoint.team_id for row in assignments})
    names = {region.pk: region.name for region in vantages}
    rows: defaultdict[tuple[int | None, int, str], list[_Row]] = defaultdict(list)
    for row in _rows([assignment.pk for assignment in assignments], stretch, together=together):
        if row.vantage_id in names:
            rows[row.assignment_id, row.family, names[row.vantage_id]].append(row)
    return [
        Series(*key, [Point(row.at, row.seen) for row in of_key], _whole(of_key))
        for key, of_key in sorted(rows.items(), key=lambda item: (item[0][0] or 0, item[0][1:]))
    ]


@dataclass(frozen=True, slots=True)
class _Row:
    assignment_id: int | None
    vantage_id: int
    family: int
    at: datetime
    probes: int
    failures: int
    sketch: Sketch

    @property
    def seen(self) -> Seen:
        return Seen.of(self.probes, self.failures, self.sketch)


def _whole(rows: Iterable[_Row]) -> Seen:
    rows = list(rows)
    return Seen.of(sum(row.probes for row in rows), sum(row.failures for row in rows), merged(r.sketch for r in rows))


def _rows(assignment_ids: list[int], stretch: Stretch, *, together: bool) -> list[_Row]:
    source, until = _sources(stretch)
    asked: dict[str, Any] = {"ids": assignment_ids, "until": until, "epoch": EPOCH, **asdict(stretch)}
    by = "vantage_id, family, at" if together else "assignment_id, vantage_id, family, at"
    with connection.cursor() as cursor:
        cursor.execute(f"{added_up(source, by)} ORDER BY at", asked)
        found = cursor.fetchall()
    return [_row(None, *row) if together else _row(*row) for row in found]


def _row(assignment_id: int | None, vantage_id: int, family: int, at: datetime, *counts: Any) -> _Row:
    probes, failures, buckets, sizes = counts
    return _Row(assignment_id, vantage_id, family, at, probes, failures, dict(zip(buckets, sizes, strict=True)))


def _sources(stretch: Stretch) -> tuple[str, datetime]:
    """Where outcomes of this stretch are read, and up to when hours have been added up: minutes serve from then on."""
    minutes = _source(MinuteOutcomes._meta.db_table, "minute")
    if stretch.step < HOUR:
        return minutes, BEGINNING
    until = Rollup.objects.values_list("until", flat=True).first() or BEGINNING
    hours = _source(HourOutcomes._meta.db_table, "hour")
    return f"{hours} AND hour < %(until)s UNION ALL {minutes} AND minute >= %(until)s", until


def _source(table: str, at: str) -> str:
    return (
        f"SELECT assignment_id, vantage_id, family, date_bin(%(step)s, {at}, %(epoch)s) AS at,"  # noqa: S608 - names
        f" probes, failures, buckets, counts FROM {table}"
        f" WHERE assignment_id = ANY(%(ids)s) AND {at} >= %(begin)s AND {at} < %(end)s"
    )
