"""What regions have to do and can: by the plan in force, as observed, and if one of them were lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from dashboard.access import signed_in, visible
from latency.capacity.fairness_reports import newest_report
from latency.capacity.forecast import AHEAD, DAY, an_hour_ahead
from latency.capacity.history import STEP, recorded
from latency.capacity.report import known
from latency.capacity.services import newest_plan
from latency.capacity.shown import shown
from regions.models import Region

MOST_COUNTRIES = ":20"
"""A slice of those whose clients measured most."""


@login_required
def capacity_page(request: HttpRequest) -> HttpResponseBase:
    """The plan in force."""
    regions = visible(Region.objects.all(), signed_in(request))
    plan = newest_plan(datetime.now(UTC))
    names = dict(regions.values_list("id", "name"))
    context = {
        "plan": shown(plan, names) if plan else None,
        "fairness": newest_report(),
        "most_countries": MOST_COUNTRIES,
        "figures": _figures(names, datetime.now(UTC)),
    }
    return render(request, "dashboard/capacity/index.html", context)


def _figures(names: Mapping[int, str], now: datetime) -> dict[str, Any]:
    """The demand of each region over a day and what is expected of it in an hour, as the chart script reads them."""
    ids = np.array(sorted(names), dtype=np.int64)
    steps, demand = recorded(ids, now)
    forecast = an_hour_ahead(demand)
    return {
        "times": [step.isoformat() for step in steps[-DAY:]],
        "ahead": (steps[-1] + STEP * AHEAD).isoformat(),
        "demand": [
            {
                "name": names[id_],
                "per_s": [known(rate) for rate in demand[-DAY:, column]],
                "ahead": known(forecast[column]),
            }
            for column, id_ in enumerate(ids.tolist())
        ],
    }
