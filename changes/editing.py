"""What a change says: its edits, each against what its author saw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.audit.actor import Actor
from changes.holding import hold
from changes.models import Change, Edit, State
from changes.objects import Place, kind_of, present, present_many, proposed
from changes.refusals import Conflict, UnknownEditError
from documents.kind import Document, Kind

MOST_EDITS = 5000


class _Now:
    """The base is what there is now."""


NOW = _Now()


@dataclass(frozen=True, slots=True)
class Proposed:
    """An edit that someone asks for. `document` None: the object goes. `base`: what its author saw; default: now."""

    kind: str
    key: str
    document: Document | None
    partial: bool = False
    base: Document | _Now | None = NOW

    @property
    def action(self) -> str:
        if self.document is None:
            return Edit.Action.DELETE
        return Edit.Action.PATCH if self.partial else Edit.Action.PUT


def put_edit(change: Change, actor: Actor, edit: Proposed) -> Edit:
    """Have a change make this of an object; an edit of the same object is replaced, and keeps its base.

    Raises WrongStateError, UnknownEditError.
    """
    return put_edits(change, actor, [edit])[0]


def put_edits(change: Change, actor: Actor, edits: Iterable[Proposed]) -> list[Edit]:
    """The same of several, all or none."""
    with transaction.atomic():
        held_draft(change)
        known = {(edit.kind, edit.key): edit for edit in change.edits.all()}
        edits = list(edits)
        unseen = [(edit.kind, edit.key) for edit in edits if isinstance(edit.base, _Now)]
        theirs = present_many(change.team, [place for place in unseen if place not in known])
        put = [_put(change, actor, edit, known, theirs) for edit in edits]
        fresh = {edit.position: edit for edit in put if edit.pk is None}
        Edit.objects.bulk_create(fresh.values())
        for edit in put:
            if edit.position not in fresh:
                edit.save()
        return put


def remove_edit(change: Change, kind: str, key: str) -> bool:
    """Have a change leave an object alone. False: it did. Raises WrongStateError."""
    with transaction.atomic():
        held_draft(change)
        return bool(change.edits.filter(kind=kind, key=key).delete()[0])


def rebase(change: Change, kind: str, key: str) -> Edit:
    """Take what there is now as what the author of an edit has seen. Raises WrongStateError, UnknownEditError."""
    with transaction.atomic():
        held_draft(change)
        edit = change.edits.filter(kind=kind, key=key).first()
        if edit is None:
            raise UnknownEditError("key", f"Change {change.number} does not edit {kind} {key}.")
        edit.base = present(change.team, kind_of(kind), key)
        edit.save(update_fields=["base", "updated"])
    return edit


def conflicts(change: Change) -> list[Conflict]:
    """Edits of objects that are not what their authors saw any more."""
    edits = list(change.edits.all())
    theirs = present_many(change.team, [(edit.kind, edit.key) for edit in edits])
    return clashes(edits, theirs)


def clashes(edits: Iterable[Edit], theirs: Mapping[Place, Document]) -> list[Conflict]:
    """Edits of objects that are not what their authors saw. `theirs`: what is there now."""
    found = (clash(kind_of(edit.kind), edit, theirs.get((edit.kind, edit.key))) for edit in edits)
    return [conflict for conflict in found if conflict]


def clash(kind: Kind[Any], edit: Edit, theirs: Document | None) -> Conflict | None:
    """The same of an object that is `theirs` now."""
    if kind.alike(edit.base, theirs):
        return None
    return Conflict(edit.kind, edit.key, edit.base, kind.veiled(proposed(edit, edit.base)), theirs)


def held_draft(change: Change) -> None:
    """Hold a change until the transaction ends. Raises WrongStateError or NoSuchChangeError if it is no draft now."""
    change.state = hold(change, [State.DRAFT])


def _put(
    change: Change, actor: Actor, wanted: Proposed, known: dict[Place, Edit], theirs: Mapping[Place, Document]
) -> Edit:
    """The edit as it is to be, unsaved. `known`: those of the change by kind and key, to which a new one is added.

    `theirs`: what there is now of the others.
    """
    kind = kind_of(wanted.kind)
    edit = known.get((wanted.kind, wanted.key))
    if edit is None:
        if len(known) >= MOST_EDITS:
            raise UnknownEditError("edits", f"A change has at most {MOST_EDITS} edits: make another one.")
        base = theirs.get((wanted.kind, wanted.key)) if isinstance(wanted.base, _Now) else wanted.base
        position = next(reversed(known.values())).position + 1 if known else 0  # they are in the order of positions
        edit = Edit(change=change, position=position, kind=wanted.kind, key=wanted.key, base=base)
        known[wanted.kind, wanted.key] = edit
    if wanted.document is None and edit.base is None:
        raise UnknownEditError("key", f"There is no {kind.singular} {wanted.key} that could be deleted.")
    edit.action = wanted.action
    edit.document = None if wanted.document is None else dict(wanted.document)
    edit.author, edit.author_name = actor.user, actor.name
    return edit
