"""What regions have to do and can: by the plan in force, as observed, and if one of them were lost."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from dashboard.access import signed_in, visible
from latency.capacity.services import newest_plan
from latency.capacity.shown import shown
from regions.models import Region


@login_required
def capacity_page(request: HttpRequest) -> HttpResponseBase:
    """The plan in force."""
    regions = visible(Region.objects.all(), signed_in(request))
    plan = newest_plan(datetime.now(UTC))
    context = {"plan": shown(plan, dict(regions.values_list("id", "name"))) if plan else None}
    return render(request, "dashboard/capacity.html", context)
