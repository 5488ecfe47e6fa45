"""Endpoints, with what every vantage thinks of them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from dashboard.forms.regions import EndpointForm
from dashboard.health import health_of, together
from dashboard.section import Section
from healthchecks.models import EndpointLoad, Family, LoadSource, Transition
from healthchecks.services import endpoint_states, health_matrix
from regions.models import Endpoint

RECENT = 20


class EndpointSection(Section[Endpoint]):
    model = Endpoint
    form_class = EndpointForm
    slug = "endpoints"
    lead = "Addresses or host names that serve users."
    searched = ("name", "region__name", "ipv4", "ipv6", "hostname")

    def objects(self) -> QuerySet[Endpoint]:
        return Endpoint.objects.select_related("team", "region")

    def index_context(self, shown: list[Endpoint]) -> dict[str, Any]:
        health = health_of(Endpoint.objects.filter(id__in=[endpoint.id for endpoint in shown]))
        return {"rows": [(endpoint, health[endpoint.id]) for endpoint in shown]}

    def show_context(self, shown: Endpoint) -> dict[str, Any]:
        states = endpoint_states(Endpoint.objects.filter(pk=shown.pk))
        matrix = health_matrix(endpoint=shown)
        return {
            "state": together(row.state.value for row in states),
            "matrix": [(Family(row.family).label, row) for row in matrix],
            "vantages": sorted({name for row in matrix for name in row.vantages}),
            "transitions": Transition.objects.filter(endpoint_id=shown.pk)[:RECENT],
            "load": EndpointLoad.objects.filter(endpoint=shown, share__isnull=False).first(),
            "load_source": LoadSource.objects.filter(endpoint=shown).first(),
            "memberships": shown.memberships.select_related("pool"),
        }
