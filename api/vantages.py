"""How vantages are, and what they have raised alarms about."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit.journal import Event
from api.filters import TruthFilter
from api.permissions import OPERATING
from api.resources import Collection, TeamView
from common.clock import database_time
from healthchecks.alarms import alarms_of
from healthchecks.guard_models import CONDITIONS, Alarm
from healthchecks.services import acknowledge, vantages_of_team


class VantageSerializer(serializers.Serializer[Any]):
    """A region with a worker, and whether its votes count."""

    name = serializers.CharField()
    condition = serializers.ChoiceField(CONDITIONS, allow_null=True, help_text="Null: its worker never said anything.")
    well = serializers.BooleanField(source="is_well", help_text="False: it has no vote.")
    reason = serializers.CharField(help_text="Why it is not well.")
    since = serializers.DateTimeField(allow_null=True)
    beat = serializers.DateTimeField(allow_null=True, help_text="Its last heartbeat.")
    lag_ms = serializers.IntegerField(allow_null=True, help_text="How late probes began at worst before it.")
    lag_p99_ms = serializers.IntegerField(allow_null=True, help_text="99 of 100 began no later.")
    targets = serializers.IntegerField(allow_null=True, help_text="How many it probes, of all teams.")
    left_out = serializers.IntegerField(
        allow_null=True, help_text="Probes that it had no time for in the second before its last heartbeat."
    )


class VantagesView(TeamView):
    @extend_schema(responses=VantageSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Whether each vantage is well, why not, since when, and how late it probes."""
        return Response(VantageSerializer(vantages_of_team(self.team), many=True).data)


class AlarmSerializer(serializers.ModelSerializer[Alarm]):
    """Something that people should look at."""

    acknowledged_by = serializers.CharField(help_text="Empty: nobody.")
    over = serializers.SerializerMethodField()

    class Meta:
        model = Alarm
        fields = ["id", "kind", "subject", "detail", "since", "until", "over", "acknowledged_at", "acknowledged_by"]

    def get_over(self, alarm: Alarm) -> bool:
        return alarm.until is not None


class AlarmFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    kind = filters.ChoiceFilter(choices=Alarm.Kind.choices)
    active = TruthFilter("until", lookup_expr="isnull")

    class Meta:
        model = Alarm
        fields = ["kind", "active"]


class AlarmViewSet(mixins.ListModelMixin, Collection[Alarm]):
    """Vantages that are not well, checks without a quorum, pools that failed as a whole, publications that are held;
    the newest first."""

    actions = OPERATING
    queryset = Alarm.objects.all()
    serializer_class = AlarmSerializer
    filterset_class = AlarmFilter
    page_key = ("-id",)
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Alarm]:
        return alarms_of(self.team)

    @extend_schema(request=None, responses=AlarmSerializer)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Say that someone looks after it. A mass failure is then real: edges are told who is down."""
        alarm = self.get_queryset().filter(pk=pk, until__isnull=True).first()
        if alarm is None:
            raise NotFound(f"There is no alarm {pk}, or it is over.")
        with transaction.atomic():
            if acknowledge(alarm, request.user.get_username(), database_time()):
                self.note(Event("alarms", alarm.subject, "acknowledge", after={"kind": alarm.kind}))
        alarm.refresh_from_db()
        return Response(AlarmSerializer(alarm).data)
