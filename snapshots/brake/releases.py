"""Releasing what the brake holds: with a reason that is kept (P4).

Refusal that is held ─► release(reason) ─► BrakeRelease ─► next publication ─► its generation says who and why
"""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts.actors import actor_of
from accounts.models import User
from accounts.permissions import Action, Actor, allowed
from snapshots.brake.keys import key_of_policies, key_of_zone
from snapshots.manifest import Contents
from snapshots.models import BrakeRelease, Refusal
from snapshots.settle import POLICIES, zones_of
from zones.grants import with_grants
from zones.models import Zone


def may_release(actor: Actor, user: User, part: str) -> bool:
    """Whoever may publish a zone; an administrator what all teams share, and zones that are gone."""
    zone = Zone.objects.filter(origin__in=zones_of([part])).first()
    if zone is None:
        return allowed(actor, Action.INSTALL, team=0)  # no role in a team gives that
    return allowed(with_grants(actor, user, [zone.pk]), Action.PUBLISH, zone.team_id, zone.pk)


def release(part: str, reason: str, user: User, now: datetime, actor: Actor | None = None) -> BrakeRelease:
    """Let the change of a part that is held be published next, and no other change of it.

    `actor`: what a token leaves of what `user` may; None: they are here themselves.

    Raises ValidationError for a part that is not held, and without a reason; PermissionDenied.
    """
    if not may_release(actor or actor_of(user), user, part):
        raise PermissionDenied(f"Releasing {part} is not yours to decide: ask an administrator.")
    if not reason.strip():
        raise ValidationError({"reason": ["Say why this is meant: it is kept with the change."]})
    with transaction.atomic():
        refusal = Refusal.objects.select_for_update().filter(part=part).exclude(held="").first()
        if refusal is None:
            raise ValidationError({"part": [f"{part} is not held by the brake: there is nothing to release."]})
        released, _created = BrakeRelease.objects.update_or_create(
            part=part,
            key=refusal.held,
            generation=None,
            defaults={"reason": reason.strip(), "author": user.get_username(), "at": now},
        )
        Refusal.objects.update(candidate="")  # what was tried is tried again
    return released


def note_published(contents: Contents, policy_chunk: bytes, generation: int) -> list[str]:
    """Note the releases that go out with a generation. Returns a sentence about each."""
    waiting = BrakeRelease.objects.filter(generation=None).order_by("at")
    gone_out = [released for released in waiting if released.key == _key(released.part, contents, policy_chunk)]
    BrakeRelease.objects.filter(pk__in=[released.pk for released in gone_out]).update(generation=generation)
    return [str(released) for released in gone_out]


def _key(part: str, contents: Contents, policy_chunk: bytes) -> str:
    if part == POLICIES:
        return key_of_policies(policy_chunk)
    (origin,) = zones_of([part])
    return key_of_zone(origin, contents)
