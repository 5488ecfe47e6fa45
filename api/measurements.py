"""Measurements of users, as the team that owns the endpoints sees them, and those of others, imported."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from accounts.models import Team
from api.metrics import note
from api.permissions import OPERATING
from api.resources import TeamView
from api.schema import FieldErrorSerializer
from regions.models import Endpoint
from telemetry.rum.beacon import MAX_BATCH, MalformedError, read_imported
from telemetry.rum.judging import Judged, judge_imported
from telemetry.rum.services import Outcome, measured, refused, take_in

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


class ImportedSerializer(serializers.Serializer[Any]):
    """What was measured between a client network and an endpoint."""

    client = serializers.CharField(max_length=49, help_text="Address of the client, or its /24 or /48.")
    target = serializers.CharField(max_length=254, help_text="Name, address or host name of the endpoint.")
    rtt_ms = serializers.FloatField(help_text="Round trip.")
    measured_s = serializers.FloatField(help_text="When, in seconds since 1970: at most 23 h ago.")


class ImportSerializer(serializers.Serializer[Any]):
    """Measurements that others made."""

    measurements = ImportedSerializer(many=True, help_text=f"At most {MAX_BATCH}.")


OUTCOME = inline_serializer(
    "Outcome",
    {
        "accepted": serializers.IntegerField(
            help_text="With `dry_run`, those that may count: copies are found when they are counted."
        ),
        "refused": serializers.DictField(child=serializers.IntegerField(), help_text="By reason: docs/rum.md."),
        "errors": FieldErrorSerializer(many=True, help_text="The first twenty that do not count."),
    },
)
"""What became of measurements."""

TRIAL = OpenApiParameter("dry_run", bool, description="Say what would count, and count nothing.")


class MeasurementsView(TeamView):
    throttle_classes: list[type[BaseThrottle]] = []  # as many as there are endpoints, all the time
    actions = OPERATING

    def _require_plan(self, request: Request) -> None:
        """A dry run is made here: measurements have no plan."""

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

    @extend_schema(request=ImportSerializer, responses=OUTCOME, parameters=[TRIAL])
    def post(self, request: Request) -> Response:
        """Import measurements that others made (docs/rum.md). The same ones sent again count once."""
        now = timezone.now()
        try:
            sent = read_imported(request.data)
        except MalformedError as error:
            raise _invalid(error) from error
        judged = judge_imported(sent, self.team.pk, targets(self.team), now.timestamp())
        if "dry_run" in request.query_params:
            outcome = Outcome(len(judged.observations), judged.refused)
        else:
            outcome = take_in(judged, now, settings.RUM_STREAM)
            note(outcome)
        return Response(outcome_body(outcome, judged))


def outcome_body(outcome: Outcome, judged: Judged) -> dict[str, Any]:
    """What is answered to whoever sent measurements."""
    refused = {reason.value: count for reason, count in sorted(outcome.refused.items())}
    return {"accepted": outcome.accepted, "refused": refused, "errors": judged.errors}


def targets(team: Team) -> dict[str, int]:
    """A team's endpoints by name, address and host name; without what more than one is called."""
    called: dict[str, set[int]] = {}
    for endpoint in Endpoint.objects.filter(team=team):
        hostname = endpoint.hostname.removesuffix(".") if endpoint.hostname else None
        for name in (endpoint.name, endpoint.ipv4, endpoint.ipv6, endpoint.hostname, hostname):
            if name:
                called.setdefault(name, set()).add(endpoint.pk)
    return {name: pks.pop() for name, pks in called.items() if len(pks) == 1}


def _invalid(error: MalformedError) -> ValidationError:
    details: dict[str, list[str]] = {}
    for each in error.errors:
        details.setdefault(str(each["field"]), []).append(str(each["message"]))
    return ValidationError(details)
