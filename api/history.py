"""What probes saw of an endpoint."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.resources import TeamView
from documents.fields import NamedField
from healthchecks.history.reading import Seen, Series, Stretch, history
from healthchecks.history.resolution import MOST_POINTS, StretchError
from healthchecks.models import Assignment, Check, Family
from regions.models import Endpoint, Region

DEFAULT_SPAN = timedelta(hours=6)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_SERIES = 64
FIGURES = ("probes", "failures", "availability", "p50_ms", "p95_ms", "p99_ms")


class HistoryQuerySerializer(serializers.Serializer[Any]):
    """Which history: of all checks and vantages or of one."""

    to = serializers.DateTimeField(required=False, help_text="Default: now.")
    check_ = NamedField(Check.objects.all(), required=False)
    vantage = NamedField(Region.objects.all(), required=False)

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of the language, and `check` one of serializers'."""
        fields = super().get_fields()
        begin = serializers.DateTimeField(
            required=False, help_text="Default: six hours before `to`. Longer stretches come in longer steps."
        )
        return {"from": begin, "to": fields["to"], "check": fields["check_"], "vantage": fields["vantage"]}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        end: datetime = attrs.get("to") or timezone.now()
        if end < EPOCH + DEFAULT_SPAN:
            raise serializers.ValidationError({"to": ["Nothing was probed in 1970."]})
        try:
            stretch = Stretch.between(max(attrs.get("from") or end - DEFAULT_SPAN, EPOCH), end, timezone.now())
        except StretchError as problem:
            raise serializers.ValidationError({"from": [str(problem)]}) from problem
        return {"stretch": stretch, "check": attrs.get("check"), "vantage": attrs.get("vantage")}


class SeenSerializer(serializers.Serializer[Any]):
    """Outcomes of a stretch of time. Round trips are those of probes that succeeded; null: none did."""

    probes = serializers.IntegerField()
    failures = serializers.IntegerField()
    availability = serializers.FloatField(allow_null=True, help_text="Share of the probes that succeeded.")
    p50_ms = serializers.FloatField(allow_null=True)
    p95_ms = serializers.FloatField(allow_null=True)
    p99_ms = serializers.FloatField(allow_null=True)


class PointSerializer(SeenSerializer):
    """What was seen in one step."""

    at = serializers.DateTimeField(help_text="When the step began.")


class SeriesSerializer(serializers.Serializer[Any]):
    """What one vantage saw of one address family under one check."""

    check_name = serializers.CharField()
    family = serializers.ChoiceField(Family.choices, help_text="4, 6, or 0 for a host name.")
    vantage = serializers.CharField()
    whole = SeenSerializer(help_text="Of the whole stretch.")
    points = PointSerializer(many=True, help_text=f"Steps with a probe, {MOST_POINTS} at most.")


class HistorySerializer(serializers.Serializer[Any]):
    """A stretch of history, in steps."""

    to = serializers.DateTimeField()
    step_s = serializers.IntegerField(help_text="Seconds: a minute in short stretches, up to a day in long ones.")
    series = SeriesSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of the language."""
        return {"from": serializers.DateTimeField(), **super().get_fields()}


class EndpointHistoryView(TeamView):
    @extend_schema(parameters=[HistoryQuerySerializer], responses=HistorySerializer)
    def get(self, request: Request, name: str) -> Response:
        """Latency percentiles and availability of one endpoint, by check, address family and vantage."""
        endpoint = get_object_or_404(Endpoint, team=self.team, name=name)
        query = HistoryQuerySerializer(data=request.query_params, context={"team": self.team})
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        assignments = Assignment.objects.filter(endpoint=endpoint).select_related("check_definition", "endpoint")
        if asked["check"]:
            assignments = assignments.filter(check_definition=asked["check"])
        stretch = asked["stretch"]
        found = history(list(assignments), stretch, vantage=asked["vantage"])
        if len(found) > MOST_SERIES:
            raise serializers.ValidationError({"check": ["That is too much at once: name a check or a vantage."]})
        names = {assignment.pk: assignment.check_definition.name for assignment in assignments}
        answer = {
            "from": stretch.begin,
            "to": stretch.end,
            "step_s": int(stretch.step.total_seconds()),
            "series": [_shown(series, names[series.assignment_id or 0]) for series in found],
        }
        return Response(HistorySerializer(answer).data)


def _shown(series: Series, check_name: str) -> dict[str, Any]:
    return {
        "check_name": check_name,
        "family": series.family,
        "vantage": series.vantage,
        "whole": series.whole,
        "points": [{"at": point.at, **_numbers(point.seen)} for point in series.points],
    }


def _numbers(seen: Seen) -> dict[str, Any]:
    return {name: getattr(seen, name) for name in FIGURES}
