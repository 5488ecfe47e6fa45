"""Zones and changes as the API finds them, for whom: a grant for one zone counts beside the role in its team."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from django.db.models import QuerySet
from rest_framework.exceptions import NotFound

from accounts.models import Team, User
from accounts.permissions import Action, allowed
from api.acting import ActingView
from changes.claims import Place
from changes.models import Change
from changes.reach import actions_with, actions_with_a_zone, actions_with_places, changes_granted
from zones.grants import with_grants, zones_granted
from zones.models import Zone
from zones.names import InvalidNameError, parse_origin


class ZoneActingView(ActingView):
    """A view of one zone, `origin` in its URL, or of all of them."""

    def may(self, action: Action) -> bool:
        return super().may(action) or self._granted(action)

    def refuse(self, action: Action) -> None:
        """Who may not even see the zone is told that there is none."""
        if "origin" in self.kwargs and not self.may(Action.VIEW):
            raise NotFound(f"There is no zone {self.kwargs['origin']}.")
        super().refuse(action)

    def visible_zones(self, zones: QuerySet[Zone]) -> QuerySet[Zone]:
        """Those of a team's zones that the caller may see: all of them, or the granted ones."""
        if super().may(Action.VIEW):
            return zones
        return zones.filter(pk__in=zones_granted(cast("User", self.request.user)).values("pk"))

    def _granted(self, action: Action) -> bool:
        user = cast("User", self.request.user)
        if "origin" not in self.kwargs:
            return action == Action.VIEW and zones_granted(user).filter(team=self.team).exists()
        zone = Zone.objects.filter(team=self.team, origin=read_origin(self.kwargs["origin"])).first()
        if zone is None:
            return False
        return allowed(with_grants(self.actor, user, [zone.pk]), action, self.team.pk, zone.pk)


class ChangeActingView(ActingView):
    """A view of one change, `number` in its URL, or of all of them: those of granted zones count beside the team's."""

    def may(self, action: Action) -> bool:
        return super().may(action) or self._granted(action)

    def refuse(self, action: Action) -> None:
        """Who may not even see the change is told that there is none."""
        if "number" in self.kwargs and not self.may(Action.VIEW):
            raise NotFound(f"There is no change {self.kwargs['number']}.")
        super().refuse(action)

    def visible_changes(self, changes: QuerySet[Change]) -> QuerySet[Change]:
        """Those of a team's changes that the caller may see: all of them, or those of granted zones alone."""
        if super().may(Action.VIEW):
            return changes
        return changes.filter(pk__in=changes_granted(self._user).values("pk"))

    def require_places(self, places: Iterable[Place]) -> None:
        """That the caller may draft edits of all these objects. Raises PermissionDenied."""
        if super().may(Action.DRAFT) or Action.DRAFT in actions_with_places(self.actor, self._user, self.team, places):
            return
        super().refuse(Action.DRAFT)

    def _granted(self, action: Action) -> bool:
        if "number" not in self.kwargs:
            return action in actions_with_a_zone(self.actor, self._user, self.team)
        change = Change.objects.filter(team=self.team, number=self.kwargs["number"]).first()
        return change is not None and action in actions_with(self.actor, self._user, change)

    @property
    def _user(self) -> User:
        return cast("User", self.request.user)


def read_origin(text: str) -> str:
    """The origin that a URL names. Raises NotFound for one that no zone can have."""
    try:
        return parse_origin(text)
    except InvalidNameError as error:
        raise NotFound(f"There is no zone {text}: {error}.") from error


def find_zone(team: Team, origin: str) -> Zone:
    """The team's zone that a URL names. Raises NotFound."""
    zone = Zone.objects.filter(team=team, origin=read_origin(origin)).first()
    if zone is None:
        raise NotFound(f"There is no zone {origin}.")
    return zone
