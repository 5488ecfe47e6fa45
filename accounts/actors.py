"""Who asks, read from the database; and what they are told where that is not enough."""

from __future__ import annotations

from accounts.models import ApiToken, Membership, Team, User
from accounts.permissions import (
    ACTION_WORDS,
    SCOPE_ALLOWS,
    Action,
    Actor,
    Role,
    Scope,
    roles_that_may,
    scopes_that_allow,
)

MOST_NAMED = 3


def actor_of(user: User, token: ApiToken | None = None) -> Actor:
    """What someone is in their teams, and what their token leaves of it."""
    memberships = Membership.objects.filter(user=user)
    if token is not None:
        memberships = memberships.filter(team=token.team_id)
    roles = {team: Role(role) for team, role in memberships.values_list("team_id", "role")}
    scope = Scope(token.scope) if token is not None else None
    return Actor(roles=roles, runs_installation=user.is_superuser, scope=scope)


def why_not(actor: Actor, action: Action, team: Team) -> str:
    """What someone is told who may not do that for the team: what is needed, and who can give it."""
    words = ACTION_WORDS[action]
    if actor.scope is not None and action not in SCOPE_ALLOWS[actor.scope]:
        scopes = _either([scope.value for scope in scopes_that_allow(action)])
        return f"To {words}, a token needs the scope {scopes}; this one has {actor.scope.value}. {_who_gives(team)}"
    roles = _either([role.value for role in roles_that_may(action)])
    if not roles:
        return f"Only an administrator of the installation may {words}."
    role = actor.roles.get(team.pk)
    present = f"you are {role.value}" if role is not None else "you have none"
    return f"To {words}, you need the role {roles} in team {team.name}; {present}. {_who_gives(team)}"


def _who_gives(team: Team) -> str:
    admins = Membership.objects.filter(team=team, role=Role.ADMIN, user__is_active=True).order_by("user__username")
    names = list(admins.values_list("user__username", flat=True)[:MOST_NAMED])
    return f"Ask an admin of the team: {', '.join(names)}." if names else "Ask an administrator of the installation."


def _either(words: list[str]) -> str:
    """ "a", "a or b", "a, b or c"."""
    return " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
