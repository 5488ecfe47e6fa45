"""Pools: endpoints that can stand in for each other."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet

from dashboard.forms.pools import PoolForm
from dashboard.health import health_of, tally
from dashboard.section import Section
from regions.models import Endpoint
from steering.models import Pool, PoolMember


class PoolSection(Section[Pool]):
    model = Pool
    form_class = PoolForm
    slug = "pools"
    lead = "Endpoints that can stand in for each other, in order, with their weights and priorities."

    def objects(self) -> QuerySet[Pool]:
        return Pool.objects.select_related("team").annotate(policy_count=Count("policies")).order_by("name")

    def index_context(self, shown: list[Pool]) -> dict[str, Any]:
        members = list(PoolMember.objects.filter(pool__in=shown).values_list("pool_id", "endpoint_id"))
        health = health_of(Endpoint.objects.filter(memberships__pool__in=shown).distinct())
        rows = [(pool, tally(health[endpoint] for owner, endpoint in members if owner == pool.id)) for pool in shown]
        return {"rows": rows}

    def show_context(self, shown: Pool) -> dict[str, Any]:
        health = health_of(shown.endpoints.all())
        members = shown.members.select_related("endpoint__region")
        return {
            "rows": [(member, health[member.endpoint_id]) for member in members],
            "policies": shown.policies.all(),
        }
