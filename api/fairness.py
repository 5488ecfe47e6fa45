"""How far away clients are served, by country and size of network."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from api.resources import TeamView
from latency.capacity.fairness_reports import newest_report


class ComparisonSerializer(serializers.Serializer[Any]):
    """Predicted round trips of a group of clients: as they are served (`after`), and without a capacity plan."""

    group = serializers.CharField(help_text="A country, empty if unknown; or large, medium, small, unknown.")
    share = serializers.FloatField(help_text="Of all measurements.")
    p50_before_ms = serializers.FloatField()
    p95_before_ms = serializers.FloatField()
    p50_after_ms = serializers.FloatField()
    p95_after_ms = serializers.FloatField()
    is_worse = serializers.BooleanField(help_text="A large group, and by more than a client changes region for.")


class FairnessSerializer(serializers.Serializer[Any]):
    """Groups of clients, those that measured most first."""

    made = serializers.DateTimeField()
    countries = ComparisonSerializer(many=True)
    network_sizes = ComparisonSerializer(many=True)


class FairnessView(TeamView):
    may_be_missing = True

    @extend_schema(responses=FairnessSerializer)
    def get(self, request: Request) -> Response:
        """How far away clients are served, and whom the capacity plan makes worse: docs/capacity.md."""
        report = newest_report()
        if report is None:
            raise NotFound("There is no report yet: it takes measurements of users.")
        return Response(FairnessSerializer(report).data)
