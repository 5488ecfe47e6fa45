"""Checks: how endpoints are probed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts.audit.journal import Event
from common.clock import database_time
from dashboard.forms.checks import CheckForm
from dashboard.history import MOST_ASSIGNMENTS, shown_history
from dashboard.noting import tell
from dashboard.section import Section, View
from dashboard.tables import Column
from healthchecks import probes
from healthchecks.derived_models import Lease
from healthchecks.kinds import read_options
from healthchecks.lease_clock import stands_still
from healthchecks.leases import rotate
from healthchecks.models import Check, Family
from healthchecks.options import OptionsError
from healthchecks.services import delete_check, health_matrix


class CheckSection(Section[Check]):
    model = Check
    form_class = CheckForm
    slug = "checks"
    lead = "How workers in every region find out whether an endpoint serves."
    searched = ("name", "kind")
    columns = (
        Column("name", "Name", lambda check: check.name, ("name",)),
        Column("kind", "Kind", lambda check: check.kind, ("kind",)),
        Column("interval_ms", "Every", lambda check: _of_probe(check, "interval_ms"), ("interval_ms",), is_number=True),
        Column("timeout_ms", "Timeout", lambda check: _of_probe(check, "timeout_ms"), ("timeout_ms",), is_number=True),
        Column("rise", "Rise / fall", lambda check: _of_probe(check, "rise"), ("rise", "fall")),
        Column("fall", "Fall", lambda check: _of_probe(check, "fall"), shown=False),
        Column("endpoints", "Endpoints", lambda check: check.endpoint_count, ("endpoint_count",), is_number=True),
        Column("enabled", "State", lambda check: check.enabled, ("enabled",)),
    )
    example = '{"name": "web", "kind": "http", "options": {"path": "/healthz"}, "endpoints": ["fra-1"]}'

    def objects(self) -> QuerySet[Check]:
        return (
            Check.objects.select_related("team", "template")
            .annotate(endpoint_count=Count("endpoints"))
            .order_by("name")
        )

    def more_urls(self, one: str) -> list[tuple[str, View, str]]:
        return [
            (f"{one}history/", self.history, "checks-history"),
            (f"{one}push-url/<int:assignment>/", require_POST(self.replace_url), "checks-push-url"),
        ]

    def index_context(self, shown: list[Check]) -> dict[str, Any]:  # noqa: ARG002
        return {"probing": probes.KINDS}

    def show_context(self, shown: Check) -> dict[str, Any]:
        matrix = [row for row in health_matrix(team=shown.team) if row.check_name == shown.name]
        leases = Lease.objects.filter(assignment__check_definition=shown).order_by("assignment__endpoint__name")
        return {
            "matrix": [(Family(row.family).label, row) for row in matrix],
            "vantages": sorted({name for row in matrix for name in row.vantages}),
            "is_probe": shown.kind in probes.KINDS,
            "options": _options(shown),
            "leases_stand": stands_still(database_time()),
            "leases": leases.select_related("assignment__endpoint"),
            "inputs": shown.inputs.select_related("input", "endpoint").order_by("pk"),
        }

    def replace_url(self, request: HttpRequest, key: object, assignment: int) -> HttpResponseBase:
        """Give an endpoint another push URL."""
        check = self.find(request, key)
        watched = get_object_or_404(check.assignments, pk=assignment)
        try:
            with transaction.atomic():
                rotate(watched)
                tell(request, check.team, Event("push-urls", f"{check.name} {watched.endpoint}", "rotate"))
        except ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
        else:
            messages.success(request, f"{watched.endpoint} has a new push URL: give it to whoever sends heartbeats.")
        return redirect(self.url_of(check))

    def history(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """What vantages saw of all its endpoints together."""
        check = self.find(request, key)
        assignments = check.assignments.select_related("check_definition", "endpoint")[: MOST_ASSIGNMENTS + 1]
        url = self.url_of(check, "history")
        shown = shown_history(list(assignments), request.GET.get("span"), datetime.now(UTC), url, together=True)
        return render(request, "dashboard/history/page.html", {"section": self, "object": check, "history": shown})

    def remove(self, doomed: Check) -> None:
        delete_check(doomed)


def _options(check: Check) -> dict[str, Any]:
    """What the check goes by, defaults included."""
    try:
        return read_options(check.kind, check.options).model_dump()
    except OptionsError:
        return dict(check.options)


def _of_probe(check: Check, field: str) -> int | None:
    """None of a check that probes nothing."""
    return getattr(check, field) if check.kind in probes.KINDS else None
