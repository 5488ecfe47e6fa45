"""How pages show things on this browser."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render

from dashboard.preferences import ZONES, keep_time_zone, time_zone_of


@login_required
def preferences_page(request: HttpRequest) -> HttpResponseBase:
    """The choice of a time zone."""
    chosen = request.POST.get("time_zone", "")
    if request.method == "POST" and chosen in ZONES:
        messages.success(request, "Saved for this browser.")
        response = redirect("preferences")
        keep_time_zone(request, response, chosen)
        return response
    context = {"zones": ZONES, "chosen": time_zone_of(request), "now": datetime.now(UTC)}
    return render(request, "dashboard/preferences.html", context)
