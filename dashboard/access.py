"""Whose objects someone sees: those of the first team they joined, or everybody's for a superuser."""

from __future__ import annotations

from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from accounts.models import Team, User
from accounts.services import team_of
from healthchecks.alarms import alarms_of
from healthchecks.guard_models import Alarm

M = TypeVar("M", bound=Model)


def signed_in(request: HttpRequest) -> User:
    """The user of a request that has passed `login_required`."""
    if not isinstance(request.user, User):
        raise PermissionDenied("Sign in first.")
    return request.user


def team_for_writing(user: User) -> Team:
    """The team that what `user` declares belongs to. Raises PermissionDenied."""
    team = team_of(user) or (Team.objects.first() if user.is_superuser else None)
    if team is None:
        raise PermissionDenied("You are not in a team yet: ask an administrator to add you to one.")
    return team


def visible(objects: QuerySet[M], user: User) -> QuerySet[M]:
    """Those of `objects`, which have a team, that `user` may see."""
    return objects if user.is_superuser else objects.filter(team=team_of(user))


def visible_alarms(user: User) -> QuerySet[Alarm]:
    """The alarms that concern a user, the newest first."""
    team = team_of(user)
    if user.is_superuser:
        return Alarm.objects.all()
    return alarms_of(team) if team else Alarm.objects.none()
