"""The first page: how everything is, now or over a stretch of time, or a part of it. The URL says which."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from dashboard.access import signed_in
from dashboard.overview import read_overview
from dashboard.scope import SPANS, read_scope, suggestions
from dashboard.worldmap import known_countries


@login_required
def overview_page(request: HttpRequest) -> HttpResponseBase:
    """The overview as it is; dashboard.live keeps it up to date."""
    user = signed_in(request)
    scope = read_scope(request.GET, user)
    context = {
        "overview": read_overview(user, datetime.now(UTC), scope),
        "scope": scope,
        "spans": [(span, scope.query_with(span=span.name)) for span in SPANS.values()],
        "suggestions": suggestions(user),
        "countries": sorted(known_countries().items(), key=lambda known: known[1].name),
    }
    return render(request, "dashboard/overview/index.html", context)
