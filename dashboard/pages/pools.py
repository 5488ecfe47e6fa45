"""Pools: endpoints that can stand in for each other."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet

from dashboard.forms.pools import PoolForm
from dashboard.health import Tally, health_of, tally
from dashboard.section import Section
from dashboard.tables import Column
from regions.models import Endpoint
from steering.models import Pool, PoolMember


class PoolSection(Section[Pool]):
    model = Pool
    form_class = PoolForm
    slug = "pools"
    lead = "Endpoints that can stand in for each other, in order, with their weights and priorities."
    columns = (
        Column("name", "Name", lambda row: row[0].name, ("name",)),
        Column("health", "Health", lambda row: row[1].state),
        Column("endpoints_up", "Endpoints up", lambda row: row[1].up, is_number=True),
        Column("endpoints", "Endpoints", lambda row: row[1].total, shown=False),
        Column("policies", "Policies", lambda row: row[0].policy_count, ("policy_count",), is_number=True),
    )
    example = '{"name": "shop", "members": [{"endpoint": "fra-1"}]}'

    def objects(self) -> QuerySet[Pool]:
        return Pool.objects.select_related("team").annotate(policy_count=Count("policies")).order_by("name")

    def rows_of(self, shown: list[Pool]) -> list[tuple[Pool, Tally]]:
        members = list(PoolMember.objects.filter(pool__in=shown).values_list("pool_id", "endpoint_id"))
        health = health_of(Endpoint.objects.filter(memberships__pool__in=shown).distinct())
        return [(pool, tally(health[endpoint] for owner, endpoint in members if owner == pool.id)) for pool in shown]

    def show_context(self, shown: Pool) -> dict[str, Any]:
        health = health_of(shown.endpoints.all())
        members = shown.members.select_related("endpoint__region")
        return {
            "rows": [(member, health[member.endpoint_id]) for member in members],
            "policies": shown.policies.all(),
        }
