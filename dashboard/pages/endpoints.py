"""Endpoints, with what every vantage thinks of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.audit.journal import Event
from accounts.audit.models import Action
from common.clock import database_time
from dashboard.access import signed_in
from dashboard.forms.forcing import ForcingForm
from dashboard.forms.load_sources import LoadSourceForm
from dashboard.forms.regions import EndpointForm
from dashboard.health import health_of, together
from dashboard.history import shown_history
from dashboard.noting import tell
from dashboard.section import Section, View
from dashboard.tables import Column
from dashboard.writing import declare, field_asked, field_problems, sent
from healthchecks.models import Assignment, EndpointLoad, Family, LoadSource, Transition
from healthchecks.services import active_states, endpoint_states, health_matrix, unforce
from regions.models import Endpoint
from snapshots.draining import drain_clocks

RECENT = 20


class EndpointSection(Section[Endpoint]):
    model = Endpoint
    form_class = EndpointForm
    slug = "endpoints"
    lead = "Addresses or host names that serve users."
    searched = ("name", "region__name", "ipv4", "ipv6", "hostname")
    columns = (
        Column("name", "Name", lambda row: row[0].name, ("name",)),
        Column("health", "Health", lambda row: row[1]),
        Column("address", "Address", lambda row: _addresses(row[0]), ("ipv4", "ipv6", "hostname")),
        Column("region", "Region", lambda row: row[0].region.name, ("region__name",)),
        Column("admin_state", "Admin state", lambda row: row[0].admin_state, ("admin_state",)),
        Column("weight", "Weight", lambda row: row[0].weight, ("weight",), is_number=True),
        Column("priority", "Priority", lambda row: row[0].priority, ("priority",), is_number=True),
        Column("port", "Port", lambda row: row[0].port, shown=False),
        Column("bias", "Bias", lambda row: row[0].bias, shown=False),
        Column("cost", "Cost", lambda row: row[0].cost, shown=False),
        Column("capacity", "Capacity", lambda row: row[0].capacity, shown=False),
        Column("labels", "Labels", lambda row: _labels(row[0]), shown=False),
        Column("is_checked", "Checked", lambda row: row[0].is_checked, shown=False),
    )
    example = '{"name": "fra-1", "region": "frankfurt", "ipv4": "192.0.2.10"}'

    def more_urls(self, one: str) -> list[tuple[str, View, str]]:
        return [
            (f"{one}history/", self.history, "endpoints-history"),
            (f"{one}load/", self.load_source, "endpoints-load"),
            (f"{one}force/", self.force, "endpoints-force"),
            (f"{one}force/delete/", require_POST(self.release), "endpoints-force-delete"),
            (f"{one}load/delete/", require_POST(self.delete_load_source), "endpoints-load-delete"),
        ]

    def objects(self) -> QuerySet[Endpoint]:
        watched = Assignment.objects.filter(endpoint=OuterRef("pk"), check_definition__enabled=True)
        return Endpoint.objects.select_related("team", "region", "unchecked").annotate(is_checked=Exists(watched))

    def rows_of(self, shown: list[Endpoint]) -> list[tuple[Endpoint, str]]:
        health = health_of(Endpoint.objects.filter(id__in=[endpoint.id for endpoint in shown]))
        return [(endpoint, health[endpoint.id]) for endpoint in shown]

    def summary(self, found: Endpoint) -> str:
        return ", ".join(_addresses(found))

    def show_context(self, shown: Endpoint) -> dict[str, Any]:
        states = endpoint_states(Endpoint.objects.filter(pk=shown.pk))
        matrix = health_matrix(endpoint=shown)
        forced = active_states([shown.pk])
        return {
            "state": together(row.state.value for row in states),
            "believed": together(row.believed.value for row in states),
            "forced": forced.get(shown.pk),
            "clock": drain_clocks([shown], forced, datetime.now(UTC)).get(shown.pk),
            "matrix": [(Family(row.family).label, row) for row in matrix],
            "vantages": sorted({name for row in matrix for name in row.vantages}),
            "transitions": Transition.objects.filter(endpoint_id=shown.pk)[:RECENT],
            "load": EndpointLoad.objects.filter(endpoint=shown, share__isnull=False).first(),
            "load_source": LoadSource.objects.filter(endpoint=shown).first(),
            "memberships": shown.memberships.select_related("pool"),
        }

    def force(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """The form that drains an endpoint, or forces it up or down."""
        endpoint = self.find(request, key)
        form = ForcingForm(sent(request), endpoint=endpoint, author=signed_in(request).get_username())
        if field := field_asked(request):
            return field_problems(request, form, field)
        if form.is_bound and form.is_valid():
            try:
                event = Event("forced", endpoint.name, "force", after=form.cleaned_data)
                forced = declare(form.store, lambda: tell(request, endpoint.team, event))
            except ValidationError as problem:
                form.refuse(problem)
            else:
                messages.success(request, f"{endpoint} is {forced.words}.")
                return redirect(self.url_of(endpoint))
        context = {"object": endpoint, "form": form, "forced": active_states([endpoint.pk]).get(endpoint.pk)}
        response = self._render(request, "force", context)
        response.status_code = 422 if form.is_bound else 200
        return response

    def release(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """Let checks decide about an endpoint again."""
        endpoint = self.find(request, key)
        event = Event("forced", endpoint.name, Action.DELETE)
        author = signed_in(request).get_username()
        declare(lambda: unforce(endpoint, author, database_time()), lambda: tell(request, endpoint.team, event))
        messages.success(request, f"Nothing is forced of {endpoint} any more.")
        return redirect(self.url_of(endpoint))

    def history(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """What vantages saw of it, by check."""
        endpoint = self.find(request, key)
        assignments = list(endpoint.assignments.select_related("check_definition", "endpoint"))
        url = self.url_of(endpoint, "history")
        shown = shown_history(assignments, request.GET.get("span"), datetime.now(UTC), url, together=False)
        return render(request, "dashboard/history/page.html", {"section": self, "object": endpoint, "history": shown})

    def load_source(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """The form that says where the load of an endpoint is read."""
        endpoint = self.find(request, key)
        source = LoadSource.objects.filter(endpoint=endpoint).first()
        form = LoadSourceForm(sent(request), endpoint=endpoint, source=source)
        if field := field_asked(request):
            return field_problems(request, form, field)
        if form.is_bound and form.is_valid():
            try:
                with transaction.atomic():
                    form.store()
                    tell(request, endpoint.team, Event("load-sources", endpoint.name, "set", after=form.cleaned_data))
            except ValidationError as problem:
                form.refuse(problem)
            else:
                messages.success(request, f"The load of {endpoint} is read there from now on.")
                return redirect(self.url_of(endpoint))
        response = self._render(request, "load", {"object": endpoint, "form": form, "source": source})
        response.status_code = 422 if form.is_bound else 200
        return response

    def delete_load_source(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """Have the load of an endpoint read no more."""
        endpoint = self.find(request, key)
        with transaction.atomic():
            LoadSource.objects.filter(endpoint=endpoint).delete()
            tell(request, endpoint.team, Event("load-sources", endpoint.name, Action.DELETE))
        messages.success(
            request, f"The load of {endpoint} is read no more. What was read last counts until it is too old."
        )
        return redirect(self.url_of(endpoint))


def _addresses(endpoint: Endpoint) -> list[str]:
    return [address for address in (endpoint.hostname, endpoint.ipv4, endpoint.ipv6) if address]


def _labels(endpoint: Endpoint) -> list[str]:
    return [f"{name}={value}" for name, value in endpoint.labels.items()]
