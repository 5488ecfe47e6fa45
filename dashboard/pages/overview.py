"""The first page: how everything is, now."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from dashboard.access import signed_in
from dashboard.overview import read_overview


@login_required
def overview_page(request: HttpRequest) -> HttpResponseBase:
    """The overview as it is; dashboard.live keeps it up to date."""
    overview = read_overview(signed_in(request), datetime.now(UTC))
    return render(request, "dashboard/overview/index.html", {"overview": overview})
