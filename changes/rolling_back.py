"""Going back: the journal, undone from its end, as a new draft that is looked at and published like any other.

entries after generation N, newest first ─► what each object was ─► edits that make it so again
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from accounts.audit.actor import Actor
from accounts.audit.horizon import UnknownHorizonError, after
from accounts.audit.models import AuditEntry
from accounts.models import Team
from changes.drafting import open_change
from changes.editing import MOST_EDITS, NOW, Proposed, put_edits
from changes.left_out import coming_without, standing_beside
from changes.models import Change, State
from changes.objects import Place, kind_of, present, present_many
from changes.refusals import CannotRollBackError, WrongStateError
from documents.kind import Document
from documents.kinds import KINDS, NODES
from snapshots.models import Snapshot

LEFT_OUT = {
    "channels": "where channels send to is a secret that the journal does not hold",
}
"""Kinds that cannot be put back, and why."""
GONE_NODE = "a deleted node has another token when it comes back: create it anew"


def roll_back(team: Team, generation: int, actor: Actor) -> Change:
    """A draft that makes a team's objects what they were when a generation was made. Raises CannotRollBackError."""
    snapshot = Snapshot.objects.filter(generation=generation).first()
    if snapshot is None:
        raise CannotRollBackError(f"Generation {generation} is not kept any more: choose a later one.")
    try:
        since = after(snapshot.horizon)
    except UnknownHorizonError as error:
        raise CannotRollBackError(f"What came after generation {generation} is not known: {error}") from error
    targets, _made = undone(_objects(since.filter(team=team, kind__in=KINDS)))
    title = f"Roll back to generation {generation}"
    beside = standing_beside(team, since, snapshot.created)
    return _drafted(team, actor, title, targets, beside=beside, rolls_back_to=generation)


def revert(change: Change, actor: Actor) -> Change:
    """A draft that takes a published change back. What others have changed since is a conflict to be looked at.

    Raises WrongStateError.
    """
    if change.state != State.PUBLISHED:
        raise WrongStateError(change.number, change.state, [State.PUBLISHED])
    entries = AuditEntry.objects.filter(team=change.team, change=change.number, kind__in=KINDS)
    targets, made = undone(_objects(entries))
    title = f"Revert change {change.number}: {change.title}"[:200]
    return _drafted(change.team, actor, title, targets, made, reverts=change)


def undone(entries: Iterable[AuditEntry]) -> tuple[dict[Place, Document | None], dict[Place, Document | None]]:
    """What objects were before these entries, and what they were after them, by what they are called after them.

    `entries`: newest first. None: there was no object.
    """
    target: dict[Place, Document | None] = {}
    made: dict[Place, Document | None] = {}
    called: dict[Place, Place] = {}  # what an object was called at this point of the journal ─► after it
    for entry in entries:
        kind = kind_of(entry.kind)
        ended = kind.key_in(entry.after, entry.key) if entry.after is not None else entry.key
        now = called.pop((entry.kind, ended), (entry.kind, ended))
        target[now] = entry.before
        made.setdefault(now, entry.after)
        if entry.before is not None:
            called[entry.kind, entry.key] = now
    return target, made


def _objects(entries: Any) -> Iterable[AuditEntry]:
    if entries.count() > MOST_EDITS:
        raise CannotRollBackError(
            f"More than {MOST_EDITS} objects have changed: import the zone files of then, and roll back the rest after."
        )
    found: Iterable[AuditEntry] = entries.order_by("-id")
    return found


def _without_exchanges(team: Team, targets: dict[Place, Document | None]) -> dict[Place, Document | None]:
    """The same documents, of objects that keep their names where another one is to have the name of one of them.

    After a region "eu" was renamed and another "eu" made, whoever refers to "eu" by now keeps the one there is.
    """
    settled = dict(targets)
    for place in sorted(targets):
        while (named := _named(place, settled[place])) != place and named in settled:
            if _named(named, settled[named]) == named and settled[named] is not None:
                break
            if present(team, kind_of(named[0]), named[1]) is None:
                break
            settled[place], settled[named] = settled[named], settled[place]
    return settled


def _named(place: Place, document: Document | None) -> Place:
    """What the object of a place is called if it becomes as the document says."""
    return place if document is None else (place[0], kind_of(place[0]).key_in(document, place[1]))


def _drafted(
    team: Team,
    actor: Actor,
    title: str,
    targets: dict[Place, Document | None],
    made: dict[Place, Document | None] | None = None,
    beside: Sequence[str] = (),
    **columns: Any,
) -> Change:
    targets = _without_exchanges(team, targets)
    edits, left_out = [], []
    there = present_many(team, targets)
    for place in sorted(targets):
        kind, key = kind_of(place[0]), place[1]
        now = there.get(place)
        if kind.alike(targets[place], now):
            continue
        if place[0] in LEFT_OUT or (kind is NODES and now is None):
            left_out.append(f"{kind.singular} {key}: {LEFT_OUT.get(place[0], GONE_NODE)}")
            continue
        base = NOW if made is None else made[place]
        edits.append(Proposed(place[0], key, targets[place], base=base))
    left_out += [*coming_without(targets, there), *beside]
    with transaction.atomic():
        description = "\n".join(["Left out:", *left_out]) if left_out else ""
        change = open_change(team, actor, title, description=description, **columns)
        put_edits(change, actor, edits)
    return change
