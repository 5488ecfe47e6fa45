"""The teams of the installation, and the settings of one."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path

from accounts.models import Membership, Team
from accounts.permissions import Action, roles_that_may
from accounts.teams import document_of
from dashboard.access import signed_in, team_for_writing
from dashboard.forms.teams import NewTeamForm, TeamForm
from dashboard.noting import tell
from dashboard.section import ROWS_A_PAGE
from dashboard.writing import field_asked, field_problems, sent


def index(request: HttpRequest) -> HttpResponseBase:
    """All teams, and the form that makes another one."""
    form = NewTeamForm(sent(request))
    if field := field_asked(request):
        return field_problems(request, form, field)
    if form.is_bound and form.is_valid():
        try:
            with transaction.atomic():
                team, event = form.store()
                tell(request, team, event)
        except ValidationError as problem:
            form.refuse(problem)
        else:
            messages.success(request, f"Team {team} is there.")
            return redirect("teams")
    searched = request.GET.get("q", "").strip()
    teams = Team.objects.filter(name__icontains=searched).annotate(size=Count("memberships")).order_by("name")
    context = {
        "form": form,
        "searched": searched,
        "page": Paginator(teams, ROWS_A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "dashboard/teams/index.html", context, status=422 if form.is_bound else 200)


def settings(request: HttpRequest) -> HttpResponseBase:
    """The settings of the team that someone acts for."""
    team = team_for_writing(signed_in(request))
    form = TeamForm(sent(request), initial=document_of(team))
    if field := field_asked(request):
        return field_problems(request, form, field)
    name = team.name
    if form.is_bound and form.is_valid():
        try:
            with transaction.atomic():
                tell(request, team, form.store_in(team))
        except ValidationError as problem:
            form.refuse(problem)
        else:
            messages.success(request, f"The settings of team {team} are saved.")
            return redirect("members")
    approvers = Membership.objects.filter(
        team=team, user__is_active=True, role__in=[role.value for role in roles_that_may(Action.APPROVE)]
    )
    context = {"form": form, "name": name, "approvers": approvers.count()}
    return render(request, "dashboard/teams/settings.html", context, status=422 if form.is_bound else 200)


urlpatterns = [
    path("teams/", index, name="teams"),
    path("team/settings/", settings, name="team-settings"),
]
