"""The state of the whole in one answer, for `trafficmgr status`."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Team
from api.forced import ForcedStateSerializer
from api.resources import TeamView
from api.vantages import VantageSerializer
from healthchecks.alarms import alarms_of
from healthchecks.guard_models import Alarm
from healthchecks.models import STATE_CHOICES, Family
from healthchecks.services import active_states, endpoint_states, vantages_of_team
from healthchecks.state import State
from regions.models import EdgeNode, Endpoint
from snapshots.models import Refusal, Snapshot
from snapshots.told import told_refusals
from telemetry.models import NodeReport
from zones.models import Zone

SEVERITY = [State.UP, State.UNKNOWN, State.DOWN]


class NodeStatusSerializer(serializers.Serializer[Any]):
    """What a node last reported."""

    name = serializers.CharField()
    site = serializers.CharField()
    generation = serializers.IntegerField(allow_null=True, help_text="That it serves; null: it has never reported.")
    health_sequence = serializers.IntegerField(allow_null=True)
    version = serializers.CharField(allow_null=True)
    reported = serializers.DateTimeField(allow_null=True)
    age_s = serializers.FloatField(allow_null=True, help_text="Since its last report.")


class EndpointStatusSerializer(serializers.Serializer[Any]):
    """A family of an endpoint that is not up."""

    endpoint = serializers.CharField()
    family = serializers.ChoiceField(Family.choices)
    state = serializers.ChoiceField(STATE_CHOICES)
    since = serializers.DateTimeField(allow_null=True)


class RefusalSerializer(serializers.ModelSerializer[Refusal]):
    """A declared part that edges do not get: it cannot be served, or someone has to say that it is meant."""

    is_held = serializers.BooleanField(help_text="The brake holds it: it can be released with a reason.")

    class Meta:
        model = Refusal
        fields = ["part", "reason", "since", "is_held"]


class AlarmStatusSerializer(serializers.ModelSerializer[Alarm]):
    """An alarm that is not over."""

    class Meta:
        model = Alarm
        fields = ["kind", "subject", "detail", "since", "acknowledged_by"]


class StatusSerializer(serializers.Serializer[Any]):
    """The state of the whole."""

    generation = serializers.IntegerField(allow_null=True, help_text="The newest that is published; null: none yet.")
    published = serializers.DateTimeField(allow_null=True)
    refusals = RefusalSerializer(many=True, help_text="Declared parts that edges keep in their last good form.")
    nodes = NodeStatusSerializer(many=True)
    health = serializers.DictField(child=serializers.IntegerField(), help_text="State to a number of endpoints.")
    not_up = EndpointStatusSerializer(many=True)
    forced = ForcedStateSerializer(many=True, help_text="What operators force.")
    vantages = VantageSerializer(many=True)
    alarms = AlarmStatusSerializer(many=True)


class StatusView(TeamView):
    @extend_schema(responses=StatusSerializer)
    def get(self, request: Request) -> Response:
        """What is published, what each node serves, and the health of endpoints."""
        snapshot = Snapshot.objects.order_by("-generation").first()
        status = {
            "generation": snapshot and snapshot.generation,
            "published": snapshot and snapshot.created,
            "refusals": told_refusals(
                Refusal.objects.all(), lambda: Zone.objects.filter(team=self.team), lambda: self.team
            ),
            "nodes": _nodes(self.team, timezone.now()),
            **_health(self.team),
            **_guards(self.team),
        }
        return Response(StatusSerializer(status).data)


def _nodes(team: Team, now: datetime) -> list[dict[str, Any]]:
    reports = {report.node_id: report for report in NodeReport.objects.filter(node__team=team)}
    nodes = EdgeNode.objects.filter(team=team).select_related("site")
    return [_node(node, reports.get(node.pk), now) for node in nodes]


def _node(node: EdgeNode, report: NodeReport | None, now: datetime) -> dict[str, Any]:
    told = ("generation", "health_sequence", "version", "reported")
    return {
        "name": node.name,
        "site": node.site.name,
        **{name: getattr(report, name, None) for name in told},
        "age_s": report and round((now - report.reported).total_seconds(), 1),
    }


def _health(team: Team) -> dict[str, Any]:
    """Endpoints by the worst state of their families, and every family that is not up."""
    endpoints = Endpoint.objects.filter(team=team)
    names = dict(endpoints.values_list("pk", "name"))
    worst: dict[int, State] = {}
    not_up = []
    for family in endpoint_states(endpoints):
        worst[family.endpoint_id] = max(worst.get(family.endpoint_id, State.UP), family.state, key=SEVERITY.index)
        if family.state != State.UP:
            about = {"family": family.family, "state": family.state, "since": family.since}
            not_up.append({"endpoint": names[family.endpoint_id], **about})
    counted = Counter(worst.values())
    return {"health": {state.value: counted[state] for state in SEVERITY}, "not_up": not_up}


def _guards(team: Team) -> dict[str, Any]:
    endpoints = Endpoint.objects.filter(team=team).values_list("pk", flat=True)
    return {
        "forced": list(active_states(endpoints).values()),
        "vantages": vantages_of_team(team),
        "alarms": alarms_of(team).filter(until__isnull=True),
    }
