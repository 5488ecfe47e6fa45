"""What every page shows of teams: what its reader may do, and which teams they can act for."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.models import Team, User
from accounts.permissions import Action
from accounts.services import teams_of
from dashboard.access import sees_all
from dashboard.guard import acting_of

MOST_TEAMS = 100
"""Of a list to choose from; who administers more of them finds one by its URL in Django's admin site."""


def teams(request: HttpRequest) -> dict[str, Any]:
    """A context processor. `may.publish` and so on: whether the reader may; read only where a page asks."""
    acting = acting_of(request)
    if acting is None:
        return {}
    user = request.user
    return {
        "may": acting.rights(),
        "administers_team": acting.may_in_team(Action.ADMINISTER),
        "acting_team": acting.team,
        "acting_role": acting.actor.roles.get(acting.team.pk) if acting.team is not None else None,
        "sees_all": isinstance(user, User) and sees_all(user),
        "choosable_teams": SimpleLazyObject(lambda: choosable(user) if isinstance(user, User) else []),
    }


def choosable(user: User) -> list[Team]:
    """The teams that someone can act for."""
    return list(teams_of(user).order_by("name")[:MOST_TEAMS])
