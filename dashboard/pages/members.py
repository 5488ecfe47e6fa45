"""Who is in the team and as what; and which team someone acts for who is in several."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from accounts.members import change_role, event_of, remove_member
from accounts.models import Membership
from accounts.permissions import ACTION_WORDS, MAY, Action, Role
from accounts.services import CHOSEN_TEAM, teams_of
from dashboard.access import signed_in, team_for_writing
from dashboard.forms.members import MemberForm
from dashboard.noting import tell
from dashboard.section import ROWS_A_PAGE
from dashboard.writing import field_asked, field_problems, sent


def index(request: HttpRequest) -> HttpResponseBase:
    """The members, and the form that lets another one in."""
    team = team_for_writing(signed_in(request))
    form = MemberForm(sent(request), team=team)
    if field := field_asked(request):
        return field_problems(request, form, field)
    if form.is_bound and form.is_valid():
        try:
            with transaction.atomic():
                member = form.store()
                tell(request, team, event_of(member, None, member.role))
        except ValidationError as problem:
            form.refuse(problem)
        else:
            messages.success(request, f"{member.user} is {member.role} in {team} now.")
            return redirect("members")
    members = Membership.objects.filter(team=team).select_related("user").order_by("user__username")
    context: dict[str, Any] = {
        "team": team,
        "form": form,
        "page": Paginator(members, ROWS_A_PAGE).get_page(request.GET.get("page")),
        "roles": [role.value for role in Role],
        "role_rows": role_rows(),
    }
    return render(request, "dashboard/members/index.html", context, status=422 if form.is_bound else 200)


@require_POST
def give_role(request: HttpRequest, key: int) -> HttpResponseBase:
    """Make a member something else."""
    member = get_object_or_404(_members(request), pk=key)
    if request.POST.get("role") in [role.value for role in Role]:
        before = member.role
        try:
            with transaction.atomic():
                change_role(member, Role(request.POST["role"]))
                tell(request, member.team, event_of(member, before, member.role))
        except ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
        else:
            messages.success(request, f"{member.user} is {member.role} now.")
    return redirect("members")


def remove(request: HttpRequest, key: int) -> HttpResponseBase:
    """Ask, then let a member go."""
    member = get_object_or_404(_members(request), pk=key)
    problems: list[str] = []
    if request.method == "POST":
        try:
            with transaction.atomic():
                remove_member(member)
                tell(request, member.team, event_of(member, member.role, None))
        except ValidationError as problem:
            problems = problem.messages
        else:
            messages.success(request, f"{member.user} is no longer in {member.team}.")
            return redirect("members")
    tokens = member.user.api_tokens.filter(team=member.team).count()
    return render(request, "dashboard/members/remove.html", {"member": member, "problems": problems, "tokens": tokens})


@require_POST
def choose(request: HttpRequest) -> HttpResponseBase:
    """Act for another of one's teams, in this session; an administrator of the installation also for all at once."""
    user = signed_in(request)
    wanted = request.POST.get("team", "")
    if not wanted and user.is_superuser:
        request.session.pop(CHOSEN_TEAM, None)
        return redirect("overview")
    team = get_object_or_404(teams_of(user), name=wanted)
    request.session[CHOSEN_TEAM] = team.pk
    messages.success(request, f"You act for team {team} now.")
    return redirect("overview")


def role_rows() -> list[tuple[str, list[bool]]]:
    """What each role may, action by action, for the table that explains them."""
    shown = [action for action in Action if action != Action.INSTALL]
    return [(ACTION_WORDS[action], [action in MAY[role] for role in Role]) for action in shown]


def _members(request: HttpRequest) -> QuerySet[Membership]:
    team = team_for_writing(signed_in(request))
    return Membership.objects.filter(team=team).select_related("user", "team")


urlpatterns = [
    path("members/", index, name="members"),
    path("members/<int:key>/role/", give_role, name="members-role"),
    path("members/<int:key>/remove/", remove, name="members-remove"),
    path("team/choose/", choose, name="team-choose"),
]
