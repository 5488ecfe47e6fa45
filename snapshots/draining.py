"""When an endpoint that is drained can be switched off: once no edge answers it and no resolver remembers it.

    drained ─► published ─► every edge serves it ─► last answer counted ─► its TTL has passed ─► safe
               waiting      waiting                 answering              tail

Counts name the first endpoint of an answer alone. One that is answered behind others is in no count, but no edge
answers it at all once it serves the generation: so the clock begins with the generation, or the last answer if later.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Max

from healthchecks.guard_models import ForcedState
from regions.models import AdminState, Endpoint
from snapshots.fleet import FRESH
from snapshots.models import Snapshot
from steering.models import Policy
from telemetry.buckets import BUCKET_S, LONG_BUCKET_S, bucket_of
from telemetry.models import LongCount, NodeReport
from telemetry.slices import Stepped, answered_by

SHOWN = timedelta(minutes=15)
MINUTE_BUCKETS = 60 // BUCKET_S
REMEMBERED = timedelta(days=7)
"""As long as counts are kept: a longer TTL is taken to have begun with the generation."""
SETTLING = timedelta(seconds=2 * BUCKET_S)
"""Reports of the last second before an edge took the generation may come until then."""


class Stage(StrEnum):
    """What is still to happen before it is safe, in the order of the drawing above."""

    UNPUBLISHED = "unpublished"
    WAITING = "waiting"
    ANSWERING = "answering"
    TAIL = "tail"
    SAFE = "safe"


@dataclass(frozen=True)
class Answering:
    """A policy that answers the endpoint, or could have. `answers`: within the last 15 minutes."""

    policy: Policy
    answers: int


@dataclass(frozen=True)
class DrainClock:
    """`per_minute`: answers that began with it, minute by minute, the newest last. `safe_at` is None until it is known.

    `since`: of one that is declared so, when its declaration changed last. `behind`: edges that serve an older
    generation; of these `silent` are out of contact, and answer by what they have.
    """

    endpoint: Endpoint
    stage: Stage
    since: datetime
    forced: ForcedState | None
    per_minute: list[int]
    last_answer: datetime | None
    policies: list[Answering]
    longest_ttl_s: int
    safe_at: datetime | None
    behind: list[str] = field(default_factory=list)
    silent: int = 0

    @property
    def last_minute(self) -> int:
        """Answers within the last whole minute."""
        return self.per_minute[-1]


def drain_clocks(
    endpoints: Sequence[Endpoint], forced: Mapping[int, ForcedState], now: datetime
) -> dict[int, DrainClock]:
    """The clock of each of these endpoints that drains, in a bounded number of queries. `forced`: by endpoint."""
    draining = [endpoint for endpoint in endpoints if _drain_of(endpoint, forced) or _is_declared(endpoint)]
    if not draining:
        return {}
    ids = [endpoint.pk for endpoint in draining]
    until = bucket_of(now)
    recent = answered_by(ids, until - SHOWN, until + timedelta(seconds=BUCKET_S))
    earlier = _earlier(ids, now)
    policies = _policies(ids, recent, earlier)
    generations = list(Snapshot.objects.order_by("generation").values_list("generation", "created"))
    reports = list(NodeReport.objects.values_list("node__name", "generation", "reported").order_by("node__name"))
    return {
        endpoint.pk: _clock(
            endpoint,
            _drain_of(endpoint, forced),
            _Counted([row for row in recent if row.endpoint_id == endpoint.pk], earlier.get(endpoint.pk)),
            policies.get(endpoint.pk, []),
            _Fleet(generations, reports, now),
            until,
        )
        for endpoint in draining
    }


@dataclass(frozen=True)
class _Counted:
    recent: list[Stepped]
    earlier: datetime | None

    @property
    def last(self) -> datetime | None:
        """The end of the last bucket with an answer."""
        if self.recent:
            return max(row.at for row in self.recent) + timedelta(seconds=BUCKET_S)
        return self.earlier

    def per_minute(self, until: datetime) -> list[int]:
        minutes = [0] * int(SHOWN / timedelta(minutes=1))
        for row in self.recent:
            back = int((until - row.at) / timedelta(minutes=1) - 1e-9)
            if row.at < until and back < len(minutes):
                minutes[-1 - back] += row.count
        return minutes


@dataclass(frozen=True)
class _Fleet:
    generations: list[tuple[int, datetime]]
    reports: list[tuple[str, int, datetime]]
    now: datetime

    def published(self, since: datetime) -> tuple[int, datetime] | None:
        """The first generation that is kept and was made then or later."""
        return next((found for found in self.generations if found[1] >= since), None)

    def behind(self, generation: int) -> tuple[list[str], int]:
        """The edges that serve an older one, and how many of these are out of contact."""
        older = [(name, reported) for name, served, reported in self.reports if served < generation]
        return [name for name, _reported in older], sum(self.now - reported > FRESH for _name, reported in older)


def _clock(
    endpoint: Endpoint,
    forced: ForcedState | None,
    counted: _Counted,
    policies: list[Answering],
    fleet: _Fleet,
    until: datetime,
) -> DrainClock:
    since = _since(endpoint, forced)
    longest_ttl_s = max((row.policy.ttl_s for row in policies), default=0)
    published = fleet.published(since) if policies else (0, since)
    behind, silent = fleet.behind(published[0]) if published else ([], 0)
    begins = max(published[1], counted.last or since) if published else None
    safe_at = begins + timedelta(seconds=longest_ttl_s) if begins and not behind else None
    return DrainClock(
        endpoint=endpoint,
        stage=_stage(published, behind, counted.last, safe_at, fleet.now),
        since=since,
        forced=forced,
        per_minute=counted.per_minute(until),
        last_answer=counted.last,
        policies=policies,
        longest_ttl_s=longest_ttl_s,
        safe_at=safe_at,
        behind=behind,
        silent=silent,
    )


def _stage(
    published: tuple[int, datetime] | None,
    behind: Collection[str],
    last: datetime | None,
    safe_at: datetime | None,
    now: datetime,
) -> Stage:
    if published is None:
        return Stage.UNPUBLISHED
    if behind or safe_at is None:
        return Stage.WAITING
    if last is not None and now - last < SETTLING and now - published[1] > SETTLING:
        return Stage.ANSWERING
    return Stage.SAFE if now >= safe_at else Stage.TAIL


def _since(endpoint: Endpoint, forced: ForcedState | None) -> datetime:
    if not _is_declared(endpoint):
        return forced.since if forced else endpoint.updated
    return min(endpoint.updated, forced.since) if forced else endpoint.updated


def _is_declared(endpoint: Endpoint) -> bool:
    return endpoint.admin_state == AdminState.DRAINING


def _drain_of(endpoint: Endpoint, forced: Mapping[int, ForcedState]) -> ForcedState | None:
    found = forced.get(endpoint.pk)
    return found if found and found.state == ForcedState.State.DRAIN else None


def _earlier(ids: Collection[int], now: datetime) -> dict[int, datetime]:
    """The end of the last long bucket with an answer of each."""
    counts = LongCount.objects.filter(bucket__gte=now - REMEMBERED, endpoint_id__in=ids)
    rows = counts.values("endpoint_id").annotate(last=Max("bucket"))
    return {row["endpoint_id"]: min(now, row["last"] + timedelta(seconds=LONG_BUCKET_S)) for row in rows}


def _policies(
    ids: Collection[int], recent: Sequence[Stepped], earlier: Mapping[int, datetime]
) -> dict[int, list[Answering]]:
    """The policies that have answered each of late, and those that it is a candidate of."""
    counted: dict[tuple[int, int], int] = {}
    for row in recent:
        key = row.endpoint_id, row.policy_id
        counted[key] = counted.get(key, 0) + row.count
    if earlier:
        answered = LongCount.objects.filter(endpoint_id__in=ids, bucket__gte=min(earlier.values()) - timedelta(days=1))
        for pair in answered.values_list("endpoint_id", "policy_id").distinct():
            counted.setdefault(pair, 0)
    for pair in Policy.objects.filter(pools__endpoints__in=ids).values_list("pools__endpoints", "id").distinct():
        if pair[0] in ids:
            counted.setdefault(pair, 0)
    policies = Policy.objects.in_bulk({policy for _endpoint, policy in counted})
    found: dict[int, list[Answering]] = {}
    for (endpoint, policy), answers in sorted(counted.items(), key=lambda item: -item[1]):
        if policy in policies:
            found.setdefault(endpoint, []).append(Answering(policies[policy], answers))
    return found
