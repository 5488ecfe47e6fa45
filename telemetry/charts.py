"""What charts ask of the counts. Times are starts of buckets; `until` is not part of the span."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet, Sum

from telemetry.buckets import BUCKET_S, NETWORK_BUCKET_S, bucket_of
from telemetry.models import NetworkCount, QueryCount, ShadowCount

NODE_RATE_BUCKETS = 3
"""One bucket alone jumps."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Answers a second, over all nodes, within one bucket."""

    bucket: datetime
    per_s: float


@dataclass(frozen=True, slots=True)
class Share:
    """Answers of a policy (0: static data) that began with an endpoint (0: none), within one bucket."""

    bucket: datetime
    policy_id: int
    endpoint_id: int
    count: int
    explored: int  # of these: given to learn about the endpoint (S8)


@dataclass(frozen=True, slots=True)
class Exploration:
    """Steered answers within one bucket, and how many of them were given to learn about an endpoint."""

    bucket: datetime
    count: int
    explored: int


@dataclass(frozen=True, slots=True)
class Tried:
    """Answers to clients of a country by the endpoint that was answered and the one of the shadow; 0: none."""

    country: str
    endpoint_id: int
    shadow_endpoint_id: int
    count: int


@dataclass(frozen=True, slots=True)
class Demand:
    """Answers of a policy to the clients of a country (empty: unknown) that began with an endpoint."""

    policy_id: int
    endpoint_id: int
    country: str
    count: int


def rates(since: datetime, until: datetime, policy_id: int | None = None) -> list[Rate]:
    """Answers a second over time; of one policy, if given. Buckets without any answer are left out."""
    rows = _within(since, until, policy_id).values("bucket").annotate(total=Sum("count")).order_by("bucket")
    return [Rate(row["bucket"], row["total"] / BUCKET_S) for row in rows]


def node_rates(now: datetime) -> dict[int, float]:
    """Answers a second of each node that gave any, over the last whole buckets, by the node's id."""
    until = bucket_of(now)
    since = until - NODE_RATE_BUCKETS * timedelta(seconds=BUCKET_S)
    rows = _within(since, until, None).values("node").annotate(total=Sum("count"))
    return {row["node"]: row["total"] / (NODE_RATE_BUCKETS * BUCKET_S) for row in rows}


def split(policy_id: int | None, since: datetime, until: datetime) -> list[Share]:
    """Who was answered with what over time; of one policy, or of all policies without static data."""
    rows = (
        _within(since, until, policy_id)
        .exclude(policy_id=0)
        .values("bucket", "policy_id", "endpoint_id")
        .annotate(total=Sum("count"), of_it=Sum("explored"))
        .order_by("bucket", "policy_id", "endpoint_id")
    )
    return [Share(row["bucket"], row["policy_id"], row["endpoint_id"], row["total"], row["of_it"]) for row in rows]


def exploration(policy_ids: Collection[int], since: datetime, until: datetime) -> list[Exploration]:
    """How much these policies explore over time. Buckets without an answer of theirs are left out."""
    rows = (
        _within(since, until, None)
        .filter(policy_id__in=policy_ids)
        .values("bucket")
        .annotate(total=Sum("count"), of_it=Sum("explored"))
        .order_by("bucket")
    )
    return [Exploration(row["bucket"], row["total"], row["of_it"]) for row in rows]


def demand(since: datetime, until: datetime) -> list[Demand]:
    """Steered answers by policy, endpoint and the client's country; those without an endpoint are left out."""
    steered = _within(since, until, None).exclude(policy_id=0).exclude(endpoint_id=0)
    rows = (
        steered.values("policy_id", "endpoint_id", "country")
        .annotate(total=Sum("count"))
        .order_by("policy_id", "endpoint_id", "country")
    )
    return [Demand(row["policy_id"], row["endpoint_id"], row["country"], row["total"]) for row in rows]


def policies(since: datetime, until: datetime) -> dict[int, int]:
    """Steered answers by policy, the most first."""
    rows = _within(since, until, None).exclude(policy_id=0).values("policy_id").annotate(total=Sum("count"))
    return {row["policy_id"]: row["total"] for row in rows.order_by("-total", "policy_id")}


def countries(policy_id: int | None, since: datetime, until: datetime) -> dict[str, int]:
    """Steered answers by the client's country, the most first; an unknown one is an empty text."""
    rows = _within(since, until, policy_id).exclude(policy_id=0).values("country").annotate(total=Sum("count"))
    return {row["country"]: row["total"] for row in rows.order_by("-total", "country")}


def networks(policy_ids: Collection[int], since: datetime, until: datetime, most: int) -> dict[int, int]:
    """Answers of these policies by the autonomous system of the client, the most first; 0: too many to count each.

    The span is widened to whole buckets of networks.
    """
    since = bucket_of(since, NETWORK_BUCKET_S)
    counted = NetworkCount.objects.filter(policy_id__in=policy_ids, bucket__gte=since, bucket__lt=until)
    rows = counted.values("network").annotate(total=Sum("count")).order_by("-total", "network")
    return {row["network"]: row["total"] for row in rows[:most]}


def tried(shadow_id: int) -> list[Tried]:
    """What a shadow would have answered, as far as it is kept."""
    columns = ("country", "endpoint_id", "shadow_endpoint_id")
    rows = ShadowCount.objects.filter(shadow_id=shadow_id).values_list(*columns)
    return [Tried(*row) for row in rows.annotate(total=Sum("count")).order_by("-total", *columns)]


def rcodes(since: datetime, until: datetime) -> dict[int, int]:
    """All answers by response code."""
    rows = _within(since, until, None).values("rcode").annotate(total=Sum("count")).order_by("rcode")
    return {row["rcode"]: row["total"] for row in rows}


def _within(since: datetime, until: datetime, policy_id: int | None) -> QuerySet[QueryCount]:
    span = Q(bucket__gte=since, bucket__lt=until)
    return QueryCount.objects.filter(span if policy_id is None else span & Q(policy_id=policy_id))
