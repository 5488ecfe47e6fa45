"""The capacity plan in force."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from api.resources import TeamView
from latency.capacity.models import STATUSES
from latency.capacity.services import newest_plan
from latency.capacity.shown import shown
from regions.models import Region


class RegionLoadSerializer(serializers.Serializer[Any]):
    """A region by the plan. Loads are shares of its capacity, rates are queries a second; null: not known."""

    region = serializers.CharField()
    is_open = serializers.BooleanField(help_text="Some endpoint there is enabled and not down.")
    load = serializers.FloatField(allow_null=True, help_text="As its endpoints say.")
    target = serializers.FloatField(help_text="Up to which share of its capacity it is filled if others have room.")
    capacity_per_s = serializers.FloatField(allow_null=True, help_text="In queries that lead there.")
    before_per_s = serializers.FloatField(help_text="If everyone were served where they prefer to be.")
    after_per_s = serializers.FloatField(help_text="By the plan.")
    forecast_per_s = serializers.FloatField(allow_null=True, help_text="In an hour, without a plan.")
    fixed_per_s = serializers.FloatField(help_text="Of both, who comes whatever the plan says.")
    load_before = serializers.FloatField(allow_null=True)
    load_after = serializers.FloatField(allow_null=True)
    planned_share = serializers.FloatField(allow_null=True, help_text="Of all queries, by the plan before this one.")
    observed_share = serializers.FloatField(allow_null=True, help_text="Of all queries, while that was in force.")
    price_ms = serializers.FloatField(help_text="What one query less to serve there would save.")
    cost_ms = serializers.FloatField(help_text="The cost of its endpoints in milliseconds of round trip.")


class OverloadSerializer(serializers.Serializer[Any]):
    """A region that would be above its target."""

    region = serializers.CharField()
    load_at_once = serializers.FloatField(allow_null=True, help_text="With everyone in their next region.")
    load_planned = serializers.FloatField(allow_null=True, help_text="Once plans have moved whom they can.")


class LossSerializer(serializers.Serializer[Any]):
    """What if a region were lost."""

    region = serializers.CharField()
    overloads = OverloadSerializer(many=True)
    cost_at_once_ms = serializers.FloatField(help_text="What the mean predicted round trip would rise by.")
    cost_planned_ms = serializers.FloatField()


class CapacitySerializer(serializers.Serializer[Any]):
    """A plan of who is served elsewhere so that no region has more to do than it can."""

    made = serializers.DateTimeField()
    status = serializers.ChoiceField(STATUSES)
    is_held_back = serializers.BooleanField(help_text="More would have moved if more might at once.")
    demand_per_s = serializers.FloatField()
    movable_per_s = serializers.FloatField(help_text="Of clients that follow plans.")
    moved = serializers.FloatField(help_text="Share of the movable that is served elsewhere than by the plan before.")
    away = serializers.FloatField(help_text="Share of the movable that is not served where it prefers to be.")
    rtt_before_ms = serializers.FloatField(help_text="Mean predicted round trip without a plan.")
    rtt_after_ms = serializers.FloatField()
    objective_ms = serializers.FloatField(help_text="That and costs: what the solver made least.")
    solved_ms = serializers.FloatField()
    losses_made = serializers.DateTimeField(allow_null=True)
    regions = RegionLoadSerializer(many=True)
    losses = LossSerializer(many=True)


class CapacityView(TeamView):
    may_be_missing = True

    @extend_schema(responses=CapacitySerializer)
    def get(self, request: Request) -> Response:
        """The capacity plan in force, and what if each region were lost: docs/capacity.md."""
        plan = newest_plan(timezone.now())
        if plan is None:
            raise NotFound("There is no capacity plan: no endpoint has said how loaded it is.")
        names = dict(Region.objects.filter(team=self.team).values_list("id", "name"))
        return Response(CapacitySerializer(shown(plan, names)).data)
