"""Checks: how endpoints are probed."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet

from dashboard.forms.checks import CheckForm
from dashboard.section import Section
from healthchecks.models import Check, Family
from healthchecks.services import delete_check, health_matrix


class CheckSection(Section[Check]):
    model = Check
    form_class = CheckForm
    slug = "checks"
    lead = "How workers in every region find out whether an endpoint serves."
    searched = ("name", "kind")

    def objects(self) -> QuerySet[Check]:
        return (
            Check.objects.select_related("team", "template")
            .annotate(endpoint_count=Count("endpoints"))
            .order_by("name")
        )

    def show_context(self, shown: Check) -> dict[str, Any]:
        matrix = [row for row in health_matrix(team=shown.team) if row.check_name == shown.name]
        return {
            "matrix": [(Family(row.family).label, row) for row in matrix],
            "vantages": sorted({name for row in matrix for name in row.vantages}),
        }

    def remove(self, doomed: Check) -> None:
        delete_check(doomed)
