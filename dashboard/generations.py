"""Generations and refusals as far as a reader may know of them."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.models import User
from accounts.services import team_of
from dashboard.access import sees_all, visible
from snapshots.models import Refusal, Snapshot
from snapshots.told import told_changes, told_refusals
from zones.models import Zone


def told_to(user: User, snapshots: Iterable[Snapshot]) -> list[Snapshot]:
    """The same generations, naming no zone that `user` may not see."""
    if sees_all(user):
        return list(snapshots)
    return told_changes(snapshots, lambda: visible(Zone.objects.all(), user), lambda: team_of(user))


def refusals_for(user: User) -> list[Refusal]:
    """What edges do not get, of what `user` may see."""
    if sees_all(user):
        return list(Refusal.objects.all())
    return told_refusals(Refusal.objects.all(), lambda: visible(Zone.objects.all(), user), lambda: team_of(user))


def zones_told(user: User, digests: dict[str, str]) -> dict[str, str]:
    """Digests by origin, of zones that `user` may see."""
    if sees_all(user):
        return digests
    seen = visible(Zone.objects.filter(origin__in=digests.keys()), user).values_list("origin", flat=True)
    return {origin: digests[origin] for origin in sorted(seen)}
