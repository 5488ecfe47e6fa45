"""The fleet: every edge beside what is published, those first that somebody has to look at."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from dashboard.access import signed_in, visible
from dashboard.exports import exported, format_asked, held
from dashboard.generations import told_to
from dashboard.pages.regions import EDGE_COLUMNS
from dashboard.section import ROWS_A_PAGE
from regions.models import EdgeNode
from snapshots.fleet import Edge, edges_of, tally, worst_first
from snapshots.models import Snapshot

TIMELINE = 12
"""Generations shown; all of them are on a page of their own."""


@login_required
def fleet_page(request: HttpRequest) -> HttpResponseBase:
    """Edges, and the newest generations with who serves them; or the edges as a file."""
    edges = edges_of(visible(EdgeNode.objects.all(), signed_in(request)), datetime.now(UTC))
    if file_format := format_asked(request):
        return exported("fleet", EDGE_COLUMNS, held(worst_first(edges)), file_format)
    newest = told_to(signed_in(request), Snapshot.objects.defer("manifest")[:TIMELINE])
    context = {
        "page": Paginator(worst_first(edges), ROWS_A_PAGE).get_page(request.GET.get("page")),
        "tally": tally(edges),
        "per_s": sum(edge.per_s for edge in edges),
        "slowest_s": max((edge.behind_s or 0.0 for edge in edges if edge.state == "behind"), default=0.0),
        "timeline": [(snapshot, serving(snapshot, edges)) for snapshot in newest],
        "edges": len(edges),
    }
    return render(request, "dashboard/fleet/index.html", context)


def serving(snapshot: Snapshot, edges: list[Edge]) -> int:
    """How many edges in contact serve this generation or a newer one."""
    heard = [edge.report for edge in edges if edge.state in ("current", "behind") and edge.report is not None]
    return sum(report.generation >= snapshot.generation for report in heard)
