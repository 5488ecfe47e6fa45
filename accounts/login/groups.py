"""What a provider says of someone beyond who it is: their groups, and whether it asked for a second factor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from accounts.models import Membership, Team, User

SECOND_FACTOR_KEY = "accounts.second_factor_by_provider"
MULTIPLE_FACTORS = "mfa"
"""A value of the claim `amr` (RFC 8176)."""


def follow_provider(request: HttpRequest, user: User, claims: Mapping[str, Any]) -> None:
    """Take over what the provider says of `user` at this sign-in."""
    said = claims.get("userinfo", claims)
    request.session[SECOND_FACTOR_KEY] = MULTIPLE_FACTORS in _words(said.get("amr"))
    follow_groups(user, _words(said.get(settings.OIDC_GROUPS_CLAIM)), settings.OIDC_TEAMS)


def follow_groups(user: User, groups: set[str], teams_of_groups: Mapping[str, str]) -> None:
    """Make `user` a member of the teams of their groups, and of no other team that a group stands for."""
    managed = set(teams_of_groups.values())
    wanted = {team for group, team in teams_of_groups.items() if group in groups}
    with transaction.atomic():
        Membership.objects.filter(user=user, team__name__in=managed - wanted).delete()
        for team in Team.objects.filter(name__in=wanted):
            Membership.objects.get_or_create(user=user, team=team)


def _words(claim: object) -> set[str]:
    """A claim that is one word or a list of words."""
    found = claim if isinstance(claim, list) else [claim]
    return {word for word in found if isinstance(word, str)}
