"""Changes that touch nothing but single zones: who was granted roles for those does with the change what they allow.

edits ─► the zones that they are of ─► granted all of them? ─► seen, edited, approved, published as the roles say
             └► something else: only the team's
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import CharField, Exists, F, Func, OuterRef, Q, QuerySet, Value

from accounts.models import Team, User
from accounts.permissions import Action, Actor, allowed
from changes.claims import Place
from changes.models import Change, Edit
from documents.kinds import RECORD_SETS, ZONES
from zones.grants import with_grants, zones_granted
from zones.models import Zone

ZONED = (RECORD_SETS.plural, ZONES.plural)
"""Kinds of what is in one zone: their keys begin with its origin."""

OF_AUTHOR = frozenset({Action.VIEW, Action.DRAFT})
"""What the author of a change that touches nothing yet may do with it."""


def changes_granted(user: User) -> QuerySet[Change]:
    """Changes, of whatever team, that touch nothing but zones that someone was granted anything for."""
    origin = Func(F("key"), Value(" "), Value(1), function="split_part", output_field=CharField())
    edits = Edit.objects.filter(change=OuterRef("pk"))
    granted = zones_granted(user).filter(team=OuterRef("change__team"), origin=OuterRef("origin"))
    outside = edits.annotate(origin=origin).filter(~Q(kind__in=ZONED) | ~Exists(granted))
    own_or_begun = Q(Exists(edits)) | Q(author=user)
    return Change.objects.filter(own_or_begun, ~Exists(outside), team__in=zones_granted(user).values("team"))


def actions_with(actor: Actor, user: User, change: Change) -> frozenset[Action]:
    """What the actor, who is `user`, may do with a change: in its team, or with every zone that it touches."""
    in_team = frozenset(action for action in Action if allowed(actor, action, change.team_id))
    if in_team == frozenset(Action):
        return in_team
    places = set(change.edits.values_list("kind", "key"))
    if not places and change.author_id == user.pk:
        return in_team | (OF_AUTHOR & actions_with_a_zone(actor, user, change.team))
    return in_team | actions_with_places(actor, user, change.team, places)


def actions_with_places(actor: Actor, user: User, team: Team, places: Iterable[Place]) -> frozenset[Action]:
    """What they may do with all of a team's objects of these kinds and keys, by what was granted for their zones."""
    origins = {key.split(" ", maxsplit=1)[0] if kind in ZONED else None for kind, key in places}
    known = Zone.objects.filter(team=team, origin__in=[origin for origin in origins if origin is not None])
    zones = dict(known.values_list("origin", "pk"))
    if not origins or zones.keys() != origins:
        return frozenset()
    granted = with_grants(actor, user, zones.values())
    return frozenset(
        action for action in Action if all(allowed(granted, action, team.pk, zone) for zone in zones.values())
    )


def actions_with_a_zone(actor: Actor, user: User, team: Team) -> frozenset[Action]:
    """What they may do with at least one of the team's zones that they were granted anything for."""
    zones = list(zones_granted(user).filter(team=team).values_list("pk", flat=True))
    granted = with_grants(actor, user, zones)
    return frozenset(action for action in Action for zone in zones if allowed(granted, action, team.pk, zone))
