"""Health: how endpoints are from each vantage, whether that can be relied on, what is forced, and what drains."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from accounts.audit.journal import Event
from accounts.services import team_of
from common.clock import database_time
from dashboard.access import sees_all, signed_in, visible, visible_alarms
from dashboard.matrix import STATES, Sought, read_matrix
from dashboard.noting import tell
from healthchecks.guard_models import ForcedState
from healthchecks.services import acknowledge, active_states, vantages_of_team
from regions.models import AdminState, Endpoint
from snapshots.draining import DrainClock, drain_clocks

RECENT = 20
FORCED_SHOWN = 50
CLOCKS_SHOWN = 10


@login_required
def health_page(request: HttpRequest) -> HttpResponseBase:
    """What is the matter, first what is not over."""
    user, now = signed_in(request), datetime.now(UTC)
    alarms = visible_alarms(user)
    endpoints = visible(Endpoint.objects.all(), user)
    forced = ForcedState.objects.filter(ended__isnull=True, endpoint__in=endpoints).select_related("endpoint")
    context = {
        "alarms": alarms.filter(until__isnull=True)[:RECENT],
        "past": alarms.filter(until__isnull=False)[:RECENT],
        "vantages": vantages_of_team(None if sees_all(user) else team_of(user)),
        "forced": forced[:FORCED_SHOWN],
        "forced_count": forced.count(),
        "clocks": _clocks(endpoints, now),
        "matrix": read_matrix(user, Sought.read(request.GET), request.GET.get("page"), now, RECENT),
        "states": STATES,
    }
    return render(request, "dashboard/health/index.html", context)


def _clocks(endpoints: QuerySet[Endpoint], now: datetime) -> list[DrainClock]:
    """Of the first endpoints that drain."""
    drained = ForcedState.objects.filter(ended__isnull=True, state=ForcedState.State.DRAIN).values("endpoint")
    draining = endpoints.filter(Q(admin_state=AdminState.DRAINING) | Q(pk__in=drained))[:CLOCKS_SHOWN]
    shown = list(draining)
    return list(drain_clocks(shown, active_states([endpoint.pk for endpoint in shown]), now).values())


@login_required
@require_POST
def acknowledge_alarm(request: HttpRequest, key: int) -> HttpResponseBase:
    """Note that the user looks after an alarm."""
    user = signed_in(request)
    alarm = get_object_or_404(visible_alarms(user), pk=key)
    with transaction.atomic():
        taken = acknowledge(alarm, user.get_username(), database_time())
        if taken:
            tell(request, team_of(user), Event("alarms", alarm.subject, "acknowledge", after={"kind": alarm.kind}))
    if taken:
        messages.success(request, f"You look after it: {alarm}.")
    else:
        messages.info(request, "It is over, or someone looks after it already.")
    return redirect("health")


urlpatterns = [
    path("health/", health_page, name="health"),
    path("health/alarms/<int:key>/acknowledge/", acknowledge_alarm, name="health-acknowledge"),
]
