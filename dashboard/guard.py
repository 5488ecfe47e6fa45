"""Who may open a page: asked once, in front of every route, by what dashboard.needs says of it.

    request ─► signed in? ─► which team ─► what the route needs ─► may they? ─► the page
               to the login                none said: 403          403, saying what is needed and who gives it

`request.acting`, which templates see as `may`, is what was found out on the way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, reverse

from accounts.actors import actor_of, why_not
from accounts.models import Team, User
from accounts.permissions import Action, Actor, allowed
from accounts.services import CHOSEN_TEAM, team_of
from changes.models import Change
from changes.reach import actions_with
from dashboard.access import NO_TEAM
from dashboard.needs import NEEDS, Needs
from dashboard.writing import field_asked, is_drafted
from zones.grants import with_grants, zones_granted
from zones.models import Zone

READING = frozenset({"GET", "HEAD", "OPTIONS"})
UNDECLARED = "This page does not say what it needs, so nobody may open it: dashboard.needs is to name it."

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Acting:
    """Who asks, for which team, about which zone."""

    actor: Actor
    team: Team | None
    zone: Zone | None

    def may(self, action: Action) -> bool:
        """Whether they may do that with what the page is about."""
        if self.zone is not None:
            return allowed(self.actor, action, self.zone.team_id, self.zone.pk)
        return self.may_in_team(action)

    def may_in_team(self, action: Action) -> bool:
        """Whether they may do that with all that their team owns."""
        return self.actor.runs_installation or (self.team is not None and allowed(self.actor, action, self.team.pk))

    def rights(self) -> dict[str, bool]:
        """For templates, as `may`: whether they may, by the value of the action."""
        return {action.value: self.may(action) for action in Action}


def guarded(patterns: Iterable[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    """The same routes, each behind what it needs."""
    return [_guarded(pattern) for pattern in patterns]


def acting_of(request: HttpRequest) -> Acting | None:
    """What the guard found out; None on pages that need no login."""
    acting: Acting | None = getattr(request, "acting", None)
    return acting


def require(request: HttpRequest, action: Action, zone: Zone | None = None) -> None:
    """For what a route does not say: may they do that in their team, or with that zone? Raises PermissionDenied."""
    if may_with_zone(request, action, zone):
        return
    acting = acting_of(request)
    if acting is None:
        raise PermissionDenied(UNDECLARED)
    team = zone.team if zone is not None else acting.team
    raise PermissionDenied(why_not(acting.actor, action, team) if team is not None else NO_TEAM)


def may_with_zone(request: HttpRequest, action: Action, zone: Zone | None) -> bool:
    """Whether someone may do that with a zone; None: in their team."""
    acting = acting_of(request)
    if acting is None or zone is None:
        return acting is not None and acting.may_in_team(action)
    actor = with_grants(acting.actor, cast("User", request.user), [zone.pk])
    return allowed(actor, action, zone.team_id, zone.pk)


def may_with_change(request: HttpRequest, action: Action, change: Change) -> bool:
    """Whether someone may do that with a change: in its team, or with each of the zones that it touches."""
    acting = acting_of(request)
    if acting is None:
        return False
    is_of_team = allowed(acting.actor, action, change.team_id)
    return is_of_team or action in actions_with(acting.actor, cast("User", request.user), change)


def may_with_each(request: HttpRequest, change: Change) -> dict[str, bool]:
    """For templates, as `may`: what someone may do with a change."""
    acting = acting_of(request)
    if acting is None:
        return {}
    found = actions_with(acting.actor, cast("User", request.user), change)
    return {action.value: action in found for action in Action}


def require_with_change(request: HttpRequest, action: Action, change: Change) -> None:
    """For what is done with a change. Raises PermissionDenied."""
    acting = acting_of(request)
    if acting is None:
        raise PermissionDenied(UNDECLARED)
    if not may_with_change(request, action, change):
        raise PermissionDenied(why_not(acting.actor, action, change.team))


def require_to_write(request: HttpRequest) -> None:
    """Of a form that who only drafts may send too, right before it writes. Raises PermissionDenied."""
    needs = NEEDS[str(request.resolver_match.url_name)] if request.resolver_match else None
    acting = acting_of(request)
    if acting is None or needs is None:
        raise PermissionDenied(UNDECLARED)
    _require(cast("User", request.user), acting, needs, needs.write)


def _guarded(pattern: URLPattern | URLResolver) -> URLPattern:
    if not isinstance(pattern, URLPattern):
        raise TypeError(f"{pattern} cannot be guarded as a whole: list its routes, or include it in trafficmgr.urls.")
    needs = NEEDS.get(str(pattern.name))
    if iscoroutinefunction(pattern.callback):
        view = _guard_async(pattern.callback, needs)
    else:
        view = _guard(pattern.callback, needs)
    return URLPattern(pattern.pattern, view, pattern.default_args, pattern.name)


def _guard(view: View, needs: Needs | None) -> View:
    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        _require_text(request)
        user = cast("User", request.user)
        user.chosen_team_id = request.session.get(CHOSEN_TEAM)
        acting = _found_out(user, needs, kwargs)
        request.acting = acting  # type: ignore[attr-defined]  # read by acting_of
        if acting.team is None and request.path == reverse("overview") and zones_granted(user).exists():
            return redirect("zones")
        _require(user, acting, needs, _needed(request, needs))
        return view(request, *args, **kwargs)

    return cast("View", login_required(page))


def _guard_async(view: Callable[..., Awaitable[HttpResponseBase]], needs: Needs | None) -> View:
    @wraps(view)
    async def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        _require_text(request)
        user = cast("User", await request.auser())
        user.chosen_team_id = await request.session.aget(CHOSEN_TEAM)
        acting = await sync_to_async(_found_out)(user, needs, kwargs)
        request.acting = acting  # type: ignore[attr-defined]  # read by acting_of
        await sync_to_async(_require)(user, acting, needs, _needed(request, needs))
        return await view(request, *args, **kwargs)

    return cast("View", login_required(page))


def _require_text(request: HttpRequest) -> None:
    """Of what is asked for: PostgreSQL keeps and compares no text with NUL in it. Raises BadRequest."""
    if "%00" in request.META.get("QUERY_STRING", ""):
        raise BadRequest("The address of this page holds a NUL, which is no text.")


def _found_out(user: User, needs: Needs | None, kwargs: Mapping[str, Any]) -> Acting:
    actor, zone = actor_of(user), None
    if needs is not None and needs.zone:
        zone = Zone.objects.select_related("team").filter(origin=kwargs[needs.zone]).first()
    if zone is not None and not actor.runs_installation:
        actor = with_grants(actor, user, [zone.pk])
    return Acting(actor, team_of(user), zone)


def _needed(request: HttpRequest, needs: Needs | None) -> Action | None:
    """None: nothing but a login, or nothing is said."""
    if needs is None:
        return None
    if request.method in READING:
        return needs.read
    only_drafts = bool(field_asked(request)) or "draft" in request.POST or is_drafted(request)
    return Action.DRAFT if needs.drafts and only_drafts else needs.write


def _require(user: User, acting: Acting, needs: Needs | None, action: Action | None) -> None:
    """Raises PermissionDenied, saying what is needed, or Http404 for a zone that someone may not even see."""
    if needs is None:
        raise PermissionDenied(UNDECLARED)
    if needs.zone and (acting.zone is None or not acting.may(Action.VIEW)):
        raise Http404
    if action is None or acting.may(action):
        return
    if needs.granted and zones_granted(user).exists():
        return
    team = acting.zone.team if acting.zone is not None else acting.team
    raise PermissionDenied(why_not(acting.actor, action, team) if team is not None else NO_TEAM)
