"""What a reader is told of generations and refusals: of zones that they may not see, no origin.

sentence ─► of a zone? ─► seen by the reader, or once their team's? ─► told
               └ no: told        └ no: counted
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.db.models import QuerySet

from accounts.audit.models import AuditEntry
from accounts.models import Team
from snapshots.models import Refusal, Snapshot
from snapshots.settle import zones_of
from zones.models import Zone

Zones = Callable[[], QuerySet[Zone]]
"""The zones that a reader may see."""

TeamOf = Callable[[], Team | None]
"""The reader's team."""


def told_changes(snapshots: Iterable[Snapshot], zones: Zones, team: TeamOf) -> list[Snapshot]:
    """The same generations, for reading only: `changes` name the reader's zones, and those that their team deleted."""
    found = list(snapshots)
    named = {origin for snapshot in found for sentence in snapshot.changes if (origin := _origin_in(sentence))}
    known = _known(named, zones, team)
    for snapshot in found:
        snapshot.changes = _told(snapshot.changes, known)
    return found


def told_refusals(refusals: Iterable[Refusal], zones: Zones, team: TeamOf) -> list[Refusal]:
    """Those of parts that all share, and of the reader's zones."""
    found = list(refusals)
    known = _known(set(zones_of(refusal.part for refusal in found)), zones, team)
    return [refusal for refusal in found if known.issuperset(zones_of([refusal.part]))]


def _known(origins: set[str], zones: Zones, team: TeamOf) -> set[str]:
    """Those of these origins that the reader may know of. Asks the database no more than it has to."""
    if not origins:
        return set()
    seen = set(zones().filter(origin__in=origins).values_list("origin", flat=True))
    unseen = origins - seen
    gone = unseen - set(Zone.objects.filter(origin__in=unseen).values_list("origin", flat=True)) if unseen else set()
    of = team() if gone else None
    if of is not None:
        entries = AuditEntry.objects.filter(team=of, kind="zones", key__in=gone)
        seen |= set(entries.order_by().values_list("key", flat=True).distinct())
    return seen


def _told(sentences: Iterable[str], known: set[str]) -> list[str]:
    told, untold = [], 0
    for sentence in sentences:
        origin = _origin_in(sentence)
        if origin is None or origin in known:
            told.append(sentence)
        else:
            untold += 1
    if untold:
        told.append(f"{untold} zone{'' if untold == 1 else 's'} of other teams")
    return told


def _origin_in(sentence: str) -> str | None:
    """The origin in a sentence of snapshots.changes, if it is of a zone."""
    noun, _space, rest = sentence.partition(" ")
    return rest.split(" ", maxsplit=1)[0] if noun == "zone" and rest else None
