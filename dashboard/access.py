"""Whose objects someone sees: those of the team they act for, or everybody's for a superuser who chose none."""

from __future__ import annotations

from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from accounts.models import Team, User
from accounts.services import team_of
from changes.models import Change
from changes.reach import changes_granted
from healthchecks.alarms import alarms_of
from healthchecks.guard_models import Alarm
from zones.grants import zones_granted
from zones.models import Zone

M = TypeVar("M", bound=Model)

NO_TEAM = "You are not in a team yet: ask an administrator to add you to one."


def signed_in(request: HttpRequest) -> User:
    """The user of a request that has passed `login_required`."""
    if not isinstance(request.user, User):
        raise PermissionDenied("Sign in first.")
    return request.user


def team_for_writing(user: User) -> Team:
    """The team that what `user` declares belongs to. Raises PermissionDenied."""
    team = team_of(user) or (Team.objects.first() if user.is_superuser else None)
    if team is None:
        raise PermissionDenied(NO_TEAM)
    return team


def visible(objects: QuerySet[M], user: User) -> QuerySet[M]:
    """Those of `objects`, which have a team, that `user` may see."""
    if sees_all(user):
        return objects
    own = Q(team=team_of(user))
    if objects.model is Zone:
        own |= Q(pk__in=zones_granted(user).values("pk"))
    if objects.model is Change:
        own |= Q(pk__in=changes_granted(user).values("pk"))
    return objects.filter(own)


def sees_all(user: User) -> bool:
    """Whether the objects of all teams are shown: to an administrator of the installation who chose no team."""
    return user.is_superuser and user.chosen_team_id is None


def visible_alarms(user: User) -> QuerySet[Alarm]:
    """The alarms that concern a user, the newest first."""
    team = team_of(user)
    if sees_all(user):
        return Alarm.objects.all()
    return alarms_of(team) if team else Alarm.objects.none()
