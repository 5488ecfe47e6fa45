"""How well health is believed: alarms, the vantages and whether they have a vote, and what operators force."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from accounts.audit.journal import Event
from accounts.services import team_of
from common.clock import database_time
from dashboard.access import sees_all, signed_in, visible, visible_alarms
from dashboard.noting import tell
from healthchecks.services import acknowledge, active_states, vantages_of_team
from regions.models import Endpoint

RECENT = 20


@login_required
def health_page(request: HttpRequest) -> HttpResponseBase:
    """What is the matter, first what is not over."""
    user = signed_in(request)
    alarms = visible_alarms(user)
    endpoints = visible(Endpoint.objects.all(), user).values_list("pk", flat=True)
    context = {
        "alarms": alarms.filter(until__isnull=True),
        "past": alarms.filter(until__isnull=False)[:RECENT],
        "vantages": vantages_of_team(None if sees_all(user) else team_of(user)),
        "forced": active_states(endpoints).values(),
    }
    return render(request, "dashboard/health/index.html", context)


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
