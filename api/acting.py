"""Views that act for a team, and say what someone has to be allowed for that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.actors import actor_of, why_not
from accounts.models import ApiToken, Team, User
from accounts.permissions import Action, Actor, allowed
from accounts.services import CHOSEN_TEAM, team_of, teams_of
from zones.grants import zones_granted

PREFIX = "/api/v1/"


class ActingView(APIView):
    """A view that acts for the caller's team: that of the token, or in a browser the one chosen or joined first."""

    team: Team
    actor: Actor
    actions: ClassVar[Mapping[str, Action]] = {}
    """What is needed, by the name of a viewset's action or by method. Unsaid: to read, view; to write, publish."""

    part: ClassVar[str] = ""
    """What of an object the view is about: a token can be limited to it, as in `endpoints:load`."""

    @classmethod
    def needed(cls, method: str, name: str | None) -> Action:
        """What is needed for a method, or for the viewset's action of that name."""
        said = cls.actions.get(name or "") or cls.actions.get(method)
        return said or (Action.VIEW if method in SAFE_METHODS else Action.PUBLISH)

    def admit(self, request: Request) -> None:
        """Find out whom the caller acts for. Raises PermissionDenied and NotFound for who may not."""
        user = cast("User", request.user)
        token = request.auth if isinstance(request.auth, ApiToken) else None
        self.team = _team_asked(self.team_asked(request), request, user, token)
        self.actor = actor_of(user, token)
        if token is not None:
            subject = request.path.removeprefix(PREFIX).strip("/").split("/", maxsplit=1)[0]
            require_subject(token, subject, self.part)
        action = self.needed(str(request.method), getattr(self, "action", None))
        if not self.may(action):
            self.refuse(action)

    def team_asked(self, request: Request) -> str | None:
        """The name of the team that the caller wants to act for; None: whichever is theirs."""
        return request.query_params.get("team")

    def may(self, action: Action) -> bool:
        """Whether the caller may do that with what the view is about."""
        return allowed(self.actor, action, self.team.pk)

    def refuse(self, action: Action) -> None:
        """Say what is needed. Raises PermissionDenied."""
        raise PermissionDenied(why_not(self.actor, action, self.team))


def require_subject(token: ApiToken, subject: str, part: str = "") -> None:
    """Raises PermissionDenied if the token is limited to something else."""
    if token.only and not {subject, f"{subject}:{part}"}.intersection(token.only):
        raise PermissionDenied(
            f"The token {token.name} is for {', '.join(token.only)} only: "
            f"an admin of team {token.team.name} makes one for {subject}."
        )


def _team_asked(asked: str | None, request: Request, user: User, token: ApiToken | None) -> Team:
    if token is not None:
        if asked not in (None, token.team.name):
            raise PermissionDenied(f"The token {token.name} acts for team {token.team.name}: leave team out.")
        return token.team
    if asked is not None:
        return _team_named(user, asked)
    user.chosen_team_id = getattr(request, "session", {}).get(CHOSEN_TEAM)
    team = team_of(user) or _team_of_grants(user)
    if team is not None:
        return team
    if user.is_superuser:
        raise PermissionDenied("You are in no team: say which you act for, as in ?team=NAME.")
    raise PermissionDenied("You are in no team: an administrator adds you to one.")


def _team_named(user: User, name: str) -> Team:
    granted = Team.objects.filter(zones__in=zones_granted(user))
    team = teams_of(user).filter(name=name).first() or granted.filter(name=name).first()
    if team is None:
        raise NotFound(f"You are in no team {name}.")
    return team


def _team_of_grants(user: User) -> Team | None:
    zone: Any = zones_granted(user).select_related("team").order_by("pk").first()
    return zone.team if zone is not None else None
