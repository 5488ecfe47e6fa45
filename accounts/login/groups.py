"""What a provider says of someone beyond who it is: their groups, and whether it asked for a second factor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from accounts.models import Membership, Team, User
from accounts.permissions import Role

SECOND_FACTOR_KEY = "accounts.second_factor_by_provider"
MULTIPLE_FACTORS = "mfa"
"""A value of the claim `amr` (RFC 8176)."""


def follow_provider(request: HttpRequest, user: User, claims: Mapping[str, Any]) -> None:
    """Take over what the provider says of `user` at this sign-in."""
    said = claims.get("userinfo", claims)
    request.session[SECOND_FACTOR_KEY] = MULTIPLE_FACTORS in _words(said.get("amr"))
    follow_groups(user, _words(said.get(settings.OIDC_GROUPS_CLAIM)), settings.OIDC_TEAMS)


def follow_groups(user: User, groups: set[str], teams_of_groups: Mapping[str, str]) -> None:
    """Make `user` a member of the teams of their groups, and of no other team that a group stands for.

    `teams_of_groups`: a team, or TEAM:ROLE. Of several roles the greatest counts; without one, a member keeps theirs,
    and who is new is a viewer.
    """
    managed = {team_and_role(said)[0] for said in teams_of_groups.values()}
    wanted: dict[str, Role | None] = {}
    for group, said in teams_of_groups.items():
        name, role = team_and_role(said)
        if group in groups:
            wanted[name] = _greater(wanted.get(name), role)
    with transaction.atomic():
        lost = managed - wanted.keys()
        user.api_tokens.filter(team__name__in=lost).delete()  # as when an admin lets a member go
        Membership.objects.filter(user=user, team__name__in=lost).delete()
        for team in Team.objects.filter(name__in=wanted):
            _belong(user, team, wanted[team.name])


def team_and_role(said: str) -> tuple[str, Role | None]:
    """What `TEAM` or `TEAM:ROLE` says. Raises ValueError for a role that there is not."""
    team, _, role = said.partition(":")
    return team, Role(role) if role else None


def _belong(user: User, team: Team, role: Role | None) -> None:
    said = {} if role is None else {"role": role.value}
    Membership.objects.update_or_create(said, user=user, team=team)


def _greater(one: Role | None, other: Role | None) -> Role | None:
    ranks = list(Role)
    return max((role for role in (one, other) if role is not None), key=ranks.index, default=None)


def _words(claim: object) -> set[str]:
    """A claim that is one word or a list of words."""
    found = claim if isinstance(claim, list) else [claim]
    return {word for word in found if isinstance(word, str)}
