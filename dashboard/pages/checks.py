"""Checks: how endpoints are probed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from dashboard.forms.checks import CheckForm
from dashboard.history import MOST_ASSIGNMENTS, shown_history
from dashboard.section import Section, View
from healthchecks.models import Check, Family
from healthchecks.services import delete_check, health_matrix


class CheckSection(Section[Check]):
    model = Check
    form_class = CheckForm
    slug = "checks"
    lead = "How workers in every region find out whether an endpoint serves."
    searched = ("name", "kind")

    def objects(self) -> QuerySet[Check]:
        return Check.objects.select_related("team").annotate(endpoint_count=Count("endpoints")).order_by("name")

    def show_context(self, shown: Check) -> dict[str, Any]:
        matrix = [row for row in health_matrix(team=shown.team) if row.check_name == shown.name]
        return {
            "matrix": [(Family(row.family).label, row) for row in matrix],
            "vantages": sorted({name for row in matrix for name in row.vantages}),
        }

    def more_urls(self, one: str) -> list[tuple[str, View, str]]:
        return [(f"{one}history/", self.history, "checks-history")]

    def history(self, request: HttpRequest, key: object) -> HttpResponseBase:
        """What vantages saw of all its endpoints together."""
        check = self.find(request, key)
        assignments = check.assignments.select_related("check_definition", "endpoint")[: MOST_ASSIGNMENTS + 1]
        url = self.url_of(check, "history")
        shown = shown_history(list(assignments), request.GET.get("span"), datetime.now(UTC), url, together=True)
        return render(request, "dashboard/history/page.html", {"section": self, "object": check, "history": shown})

    def remove(self, doomed: Check) -> None:
        delete_check(doomed)
