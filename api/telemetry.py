"""The traffic split: what edges answered."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Team
from api.resources import TeamView
from documents.fields import NamedField
from regions.models import Endpoint
from steering.models import Policy
from telemetry.services import KEPT, Share, networks, split

DEFAULT_SPAN = timedelta(minutes=15)
MOST_NETWORKS = 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SpanSerializer(serializers.Serializer[Any]):
    """Which answers: of all policies or one, within a span of time."""

    policy = NamedField(Policy.objects.all(), required=False)
    since = serializers.DateTimeField(required=False, help_text="Default: a quarter of an hour before `until`.")
    until = serializers.DateTimeField(required=False, help_text="Default: now.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        until: datetime = attrs.get("until") or timezone.now()
        if until < EPOCH:
            raise serializers.ValidationError({"until": ["Nothing was answered before 1970."]})
        since: datetime = attrs.get("since") or until - DEFAULT_SPAN
        if not timedelta(0) < until - since <= KEPT:
            raise serializers.ValidationError({"since": ["It is before `until`, by a day at most."]})
        return {"policy": attrs.get("policy"), "since": since, "until": until}


class ShareSerializer(serializers.Serializer[Any]):
    """Answers of a policy that began with an endpoint."""

    policy = serializers.CharField()
    endpoint = serializers.CharField(allow_null=True, help_text="Null: none, or one that is deleted.")
    count = serializers.IntegerField()
    explored = serializers.IntegerField(help_text="Of these: given to learn about the endpoint, not as the best one.")


class BucketShareSerializer(ShareSerializer):
    """The same, within one bucket of time."""

    bucket = serializers.DateTimeField()


class NetworkShareSerializer(serializers.Serializer[Any]):
    """Answers to the clients of a network."""

    network = serializers.IntegerField(help_text="Number of the autonomous system; 0: too many to count each.")
    count = serializers.IntegerField()


class TrafficSerializer(serializers.Serializer[Any]):
    """Who was answered with what."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    totals = ShareSerializer(many=True)
    series = BucketShareSerializer(many=True)
    networks = NetworkShareSerializer(
        many=True,
        help_text="The busiest first, within whole buckets of ten minutes; empty where no edge has an ASN file.",
    )


class TrafficView(TeamView):
    @extend_schema(parameters=[SpanSerializer], responses=TrafficSerializer)
    def get(self, request: Request) -> Response:
        """Answers by policy and the first endpoint answered, in total and over time; and by the clients' networks."""
        span = SpanSerializer(data=request.query_params.dict(), context={"team": self.team})
        span.is_valid(raise_exception=True)
        asked = span.validated_data
        span_of = (asked["since"], asked["until"])
        policies = [asked["policy"].pk] if asked["policy"] else _policies_of(self.team)
        shares = split(asked["policy"] and asked["policy"].pk, *span_of)
        busiest = [
            {"network": network, "count": count}
            for network, count in networks(policies, *span_of, MOST_NETWORKS).items()
        ]
        traffic = {"since": asked["since"], "until": asked["until"], **_named(self.team, shares), "networks": busiest}
        return Response(TrafficSerializer(traffic).data)


def _policies_of(team: Team) -> list[int]:
    return list(Policy.objects.filter(team=team).values_list("pk", flat=True))


def _named(team: Team, shares: list[Share]) -> dict[str, list[dict[str, Any]]]:
    """The shares of the team's policies, with names for ids."""
    policies = dict(Policy.objects.filter(team=team).values_list("pk", "name"))
    endpoints = dict(Endpoint.objects.filter(team=team).values_list("pk", "name"))
    series: list[dict[str, Any]] = [
        {
            "bucket": share.bucket,
            "policy": policies[share.policy_id],
            "endpoint": endpoints.get(share.endpoint_id),
            "count": share.count,
            "explored": share.explored,
        }
        for share in shares
        if share.policy_id in policies
    ]
    counts: Counter[tuple[str, str | None]] = Counter()
    explored: Counter[tuple[str, str | None]] = Counter()
    for share in series:
        counts[share["policy"], share["endpoint"]] += share["count"]
        explored[share["policy"], share["endpoint"]] += share["explored"]
    totals = [
        {"policy": policy, "endpoint": endpoint, "count": count, "explored": explored[policy, endpoint]}
        for (policy, endpoint), count in counts.items()
    ]
    return {"totals": totals, "series": series}
