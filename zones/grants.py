"""What someone may do with single zones. A team's grant gives each of its members what they may in their own team too.

grant to a user          ─► what the role may
grant to a user's team   ─► what both the role and the member's own role in that team may
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from accounts.audit.journal import Event
from accounts.models import Team, User
from accounts.permissions import MAY, Action, Actor, Role
from zones.grant_models import ZoneGrant
from zones.models import Zone

Found = TypeVar("Found")


def zones_granted(user: User) -> QuerySet[Zone]:
    """The zones, of whatever team, that someone was granted anything for."""
    return Zone.objects.filter(pk__in=_grants_of(user).values("zone"))


def with_grants(actor: Actor, user: User, zones: Iterable[int]) -> Actor:
    """The actor, who is `user`, with what they were granted for the zones of these ids."""
    rows = _grants_of(user).filter(zone__in=list(zones)).values_list("zone_id", "team_id", "role")
    granted: dict[int, frozenset[Action]] = {}
    for zone, team, role in rows:
        granted[zone] = granted.get(zone, frozenset()) | _given(actor, team, Role(role))
    return replace(actor, granted=granted)


def grant(zone: Zone, role: Role, *, user: str = "", team: str = "") -> ZoneGrant:
    """Give a user or a team, by name, a role for the zone. Raises ValidationError naming the field."""
    if bool(user) == bool(team):
        raise ValidationError({"user": "Name a user or a team, and not both."})
    given = ZoneGrant(zone=zone, role=role.value)
    if user:
        given.user = _known(User.objects.filter(username=user, is_active=True).first(), "user", user)
    else:
        given.team = _known(Team.objects.filter(name=team).first(), "team", team)
    try:
        given.validate_constraints()
    except ValidationError as problem:
        raise ValidationError({"user" if user else "team": problem.messages}) from problem
    given.save()
    return given


def event_of(given: ZoneGrant, *, is_taken: bool = False) -> Event:
    """For the journal: a role for a zone that is given, or taken away."""
    whose = f"user {given.user.get_username()}" if given.user is not None else f"team {given.team}"
    document = {"role": given.role}
    key = f"{given.zone.origin} {whose}"
    return Event.of_write("grants", key, document, None) if is_taken else Event.of_write("grants", key, None, document)


def _grants_of(user: User) -> QuerySet[ZoneGrant]:
    return ZoneGrant.objects.filter(Q(user=user) | Q(team__memberships__user=user)).distinct()


def _given(actor: Actor, team: int | None, role: Role) -> frozenset[Action]:
    if team is None:
        return MAY[role]
    own = actor.roles.get(team)
    return MAY[role] & MAY[own] if own is not None else frozenset()


def _known(found: Found | None, field: str, name: str) -> Found:
    if found is None:
        raise ValidationError({field: f"There is no {field} {name}."})
    return found
