"""Endpoints, with what every vantage thinks of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from common.clock import database_time
from dashboard.access import signed_in
from dashboard.forms.forcing import ForcingForm
from dashboard.forms.load_sources import LoadSourceForm
from dashboard.forms.regions import EndpointForm
from dashboard.health import health_of, together
from dashboard.history import shown_history
from dashboard.section import Section, View
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

    def index_context(self, shown: list[Endpoint]) -> dict[str, Any]:
        health = health_of(Endpoint.objects.filter(id__in=[endpoint.id for endpoint in shown]))
        return {"rows": [(endpoint, health[endpoint.id]) for endpoint in shown]}

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
                forced = declare(form.store)
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
        declare(lambda: unforce(endpoint, signed_in(request).get_username(), database_time()))
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
                form.store()
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
        LoadSource.objects.filter(endpoint=endpoint).delete()
        messages.success(
            request, f"The load of {endpoint} is read no more. What was read last counts until it is too old."
        )
        return redirect(self.url_of(endpoint))
