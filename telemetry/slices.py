"""Slices of the counts: a stretch of time, and in it only some policies, endpoints or countries.

A short stretch is read from the counts as they are (telemetry.models.QueryCount), a long one from those in longer
buckets, which are kept longer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Case, DateTimeField, F, Func, Q, QuerySet, Sum, Value, When

from regions.models import Endpoint
from telemetry.buckets import ANSWER_TIME_BUCKET_S, LONG_BUCKET_S, bucket_of
from telemetry.models import AnswerTime, LongCount, QueryCount

EPOCH = datetime.fromtimestamp(0, UTC)
OTHERS = -1
"""In place of an endpoint's id: those that are not told apart."""


@dataclass(frozen=True, slots=True)
class Slice:
    """From `since` to before `until`, in steps of `step_s` seconds. Of what is None, all counts."""

    since: datetime
    until: datetime
    step_s: int
    policy_ids: Collection[int] | None = None
    region_id: int | None = None
    country: str | None = None

    @classmethod
    def before(cls, now: datetime, length: timedelta, step_s: int) -> Slice:
        """The last whole steps before `now`."""
        until = bucket_of(now, step_s)
        return cls(until - length, until, step_s)

    @property
    def steps(self) -> list[datetime]:
        count = int((self.until - self.since).total_seconds()) // self.step_s
        return [self.since + timedelta(seconds=self.step_s * number) for number in range(count)]


@dataclass(frozen=True, slots=True)
class Stepped:
    """Answers of a policy that began with an endpoint (0: none, OTHERS: any other), within the step that began `at`."""

    at: datetime
    policy_id: int
    endpoint_id: int
    count: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Answers to the clients of a country (empty: unknown) that began with an endpoint."""

    country: str
    endpoint_id: int
    count: int


@dataclass(frozen=True, slots=True)
class AnswerTimes:
    """How long edges took to answer, in ms, as the upper bound of the bucket that the share of answers is within.

    None: no answer was timed, or it is beyond every bound.
    """

    answers: int
    p50_ms: float | None
    p99_ms: float | None


def totals(of: Slice) -> dict[datetime, int]:
    """All answers by the step that they were given in; those to names that no policy steers too."""
    rows = _stepped(of).values("at").annotate(total=Sum("count"))
    return {row["at"]: row["total"] for row in rows}


def ends(of: Slice) -> dict[int, dict[int, int]]:
    """Answers by policy, without static data, and endpoint that they began with; both with the most first."""
    rows = _counts(of).exclude(policy_id=0).values_list("policy_id", "endpoint_id").annotate(total=Sum("count"))
    found: dict[int, dict[int, int]] = {}
    for policy_id, endpoint_id, total in rows.order_by("-total", "endpoint_id"):
        found.setdefault(policy_id, {})[endpoint_id] = total
    return dict(sorted(found.items(), key=lambda item: (-sum(item[1].values()), item[0])))


def stepped(of: Slice, apart: Collection[int]) -> list[Stepped]:
    """Who was answered with what over time, without static data: each endpoint that is `apart`, and OTHERS."""
    endpoint = Case(When(endpoint_id__in=apart, then=F("endpoint_id")), default=Value(OTHERS))
    counted = _stepped(of).exclude(policy_id=0).annotate(apart=endpoint)
    rows = counted.values_list("at", "policy_id", "apart").annotate(Sum("count"))
    return [Stepped(*row) for row in rows.order_by("at", "policy_id", "apart")]


def flows(of: Slice) -> list[Flow]:
    """Which clients were sent where, the most first, without static data."""
    rows = _counts(of).exclude(policy_id=0).values_list("country", "endpoint_id").annotate(total=Sum("count"))
    return [Flow(*row) for row in rows.order_by("-total", "country", "endpoint_id")]


def answered_by(endpoint_ids: Collection[int], since: datetime, until: datetime) -> list[Stepped]:
    """Answers that began with one of these endpoints, by bucket and policy."""
    counted = QueryCount.objects.filter(bucket__gte=since, bucket__lt=until, endpoint_id__in=endpoint_ids)
    rows = counted.values_list("bucket", "policy_id", "endpoint_id").annotate(Sum("count"))
    return [Stepped(*row) for row in rows.order_by("bucket", "policy_id")]


def answer_times(since: datetime, until: datetime) -> AnswerTimes:
    """How long the edges took, within whole minutes."""
    within = AnswerTime.objects.filter(bucket__gte=bucket_of(since, ANSWER_TIME_BUCKET_S), bucket__lt=until)
    rows = within.values_list("bound_ns").annotate(Sum("count"))
    counts = sorted(((bound or None, count) for bound, count in rows), key=lambda row: row[0] or float("inf"))
    total = sum(count for _bound, count in counts)
    return AnswerTimes(total, _percentile_ms(counts, 0.5 * total), _percentile_ms(counts, 0.99 * total))


def _percentile_ms(counts: Sequence[tuple[int | None, int]], rank: float) -> float | None:
    below = 0
    for bound_ns, count in counts:
        below += count
        if below >= rank:
            return None if bound_ns is None else bound_ns / 1e6
    return None


def _stepped(of: Slice) -> QuerySet[Any]:
    step = Value(timedelta(seconds=of.step_s))
    at = Func(step, F("bucket"), Value(EPOCH), function="date_bin", output_field=DateTimeField())
    found: QuerySet[Any] = _counts(of).annotate(at=at)
    return found


def _counts(of: Slice) -> QuerySet[Any]:
    found = Q(bucket__gte=of.since, bucket__lt=of.until)
    if of.policy_ids is not None:
        found &= Q(policy_id__in=of.policy_ids)
    if of.region_id is not None:
        found &= Q(endpoint_id__in=Endpoint.objects.filter(region=of.region_id).values("id"))
    if of.country is not None:
        found &= Q(country=of.country)
    counts: type[QueryCount | LongCount] = LongCount if of.step_s >= LONG_BUCKET_S else QueryCount
    return counts._default_manager.filter(found)
