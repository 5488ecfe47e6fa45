"""Pools with their members, policies with their steps."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import Prefetch
from rest_framework import serializers

from accounts.models import Team
from documents.base import DeclaredSerializer, StrictModelSerializer
from documents.fields import NamedField, NamesField, TextField, WholeNumberField
from documents.kind import Document, Kind, Row
from regions.models import Endpoint
from steering.models import Binding, Policy, Pool, PoolMember
from steering.services import STEP_LOOKUPS, Member, save_policy, set_pool_members, steps_with_names, take_turn
from zones.models import MAX_TTL_S


class MemberSerializer(StrictModelSerializer[PoolMember]):
    """An endpoint in a pool; what it says wins over the endpoint and the pool."""

    endpoint = NamedField(Endpoint.objects.all())

    class Meta:
        model = PoolMember
        fields = ["endpoint", "weight", "priority", "bias", "cost"]


class PoolSerializer(DeclaredSerializer[Pool]):
    """Endpoints that can stand in for each other."""

    members = MemberSerializer(many=True, required=False)

    class Meta:
        model = Pool
        fields = [
            "id",
            "name",
            "weight",
            "priority",
            "bias",
            "cost",
            "on_mass_failure",
            "max_down_percent",
            "brake_window_s",
            "brake_hold_s",
            "members",
            "created",
            "updated",
        ]

    def store(self, candidate: Pool, related: dict[str, Any]) -> Pool:
        candidate.save()
        if "members" in related:
            set_pool_members(candidate, [Member(**member) for member in related["members"]])
        return candidate


class PoliciesPoolsField(NamesField):
    def get_attribute(self, instance: Policy) -> list[Pool]:  # type: ignore[override]
        """In the policy's order."""
        return [used.pool for used in instance.policy_pools.all()]


class StepsField(serializers.ListField):
    """Steps with names for what they refer to: docs/steering.md says their options."""

    child = serializers.DictField()

    def get_attribute(self, instance: Policy) -> list[dict[str, Any]]:
        return steps_with_names(instance)

    def to_representation(self, data: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return data


class BindingSerializer(serializers.ModelSerializer[Binding]):
    """A record set that a policy answers."""

    zone = serializers.CharField(source="record_set.zone.origin")
    name = serializers.CharField(source="record_set.name")
    type = serializers.CharField(source="record_set.type")

    class Meta:
        model = Binding
        fields = ["zone", "name", "type"]


class PolicySerializer(DeclaredSerializer[Policy]):
    """A chain of steps over the endpoints of pools."""

    pools = PoliciesPoolsField(Pool.objects.all(), allow_empty=False)
    steps = StepsField(required=False)
    ttl = WholeNumberField(source="ttl_s", required=False, min_value=0, max_value=MAX_TTL_S, help_text="Seconds.")
    ttl_min = WholeNumberField(
        source="ttl_min_s",
        required=False,
        min_value=0,
        max_value=MAX_TTL_S,
        help_text="Seconds; the TTL is lowered toward it while the health of an endpoint is about to change.",
    )
    salt = TextField(
        required=False,
        max_length=64,
        help_text="Of its draws: with another one, clients are drawn other endpoints. Left out, it stays as it is, and"
        " is random for a new policy.",
    )
    bindings = BindingSerializer(
        many=True, read_only=True, help_text="The record sets that it answers. Bind one by writing it with this policy."
    )

    class Meta:
        model = Policy
        fields = ["id", "name", "pools", "steps", "ttl", "ttl_min", "ecs", "salt", "bindings", "created", "updated"]

    def store(self, candidate: Policy, related: dict[str, Any]) -> Policy:
        return save_policy(candidate, **related)

    def _defaults(self) -> dict[str, Any]:
        """A policy that is replaced draws as before, unless its document says otherwise."""
        defaults = super()._defaults()
        return {name: value for name, value in defaults.items() if not self.instance or name != "salt"}


class SteeringKind(Kind[Row]):
    """Policies and pools name each other: their writers take turns, a team at a time."""

    def hold(self, team: Team, key: str) -> Row | None:
        take_turn(team)
        return super().hold(team, key)

    def hold_many(self, team: Team, keys: Collection[str]) -> dict[str, Row]:
        take_turn(team)
        return super().hold_many(team, keys)


class Pools(SteeringKind[Pool]):
    plural = "pools"
    rows = Pool.objects.prefetch_related(
        Prefetch("members", PoolMember.objects.select_related("endpoint").order_by("position"))
    )
    serializer = PoolSerializer


class Policies(SteeringKind[Policy]):
    plural = "policies"
    rows = Policy.objects.prefetch_related("policy_pools__pool", *STEP_LOOKUPS, "bindings__record_set__zone")
    serializer = PolicySerializer

    def alike(self, one: Document | None, other: Document | None) -> bool:
        """Documents of before salts were in them say nothing of it."""
        if one is not None and other is not None and ("salt" in one) != ("salt" in other):
            one, other = ({name: said for name, said in side.items() if name != "salt"} for side in (one, other))
        return super().alike(one, other)
