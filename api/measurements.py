"""Real user measurements as the team that owns the endpoints sees them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.resources import TeamView
from regions.models import Endpoint
from telemetry.rum.services import measured, refused

SPAN = timedelta(minutes=15)


class MeasuredSerializer(serializers.Serializer[Any]):
    """What users measured of an endpoint."""

    endpoint = serializers.CharField()
    count = serializers.IntegerField()
    mean_rtt_ms = serializers.FloatField(help_text="Geometric mean of the round trips.")
    newest = serializers.DateTimeField(help_text="End of the youngest ten seconds with a measurement.")


class MeasurementsSerializer(serializers.Serializer[Any]):
    """What users measured within the last quarter of an hour."""

    endpoints = MeasuredSerializer(many=True)
    refused = serializers.DictField(
        child=serializers.IntegerField(), help_text="Beacons of all teams that did not count, by reason: docs/rum.md."
    )


class MeasurementsView(TeamView):
    @extend_schema(responses=MeasurementsSerializer)
    def get(self, request: Request) -> Response:
        """What users measured of each endpoint, and how many of their beacons did not count."""
        now = timezone.now()
        names = dict(Endpoint.objects.filter(team=self.team).values_list("pk", "name"))
        endpoints = [
            {
                "endpoint": names[row.endpoint_id],
                "count": row.count,
                "mean_rtt_ms": row.mean_rtt_ms,
                "newest": row.newest,
            }
            for row in measured(names, now - SPAN, now)
        ]
        return Response(MeasurementsSerializer({"endpoints": endpoints, "refused": refused(now - SPAN, now)}).data)
