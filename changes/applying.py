"""Edits become rows: in one transaction, by the very services of every other write, and into the journal.

edits, in order ─► hold ─► as their authors saw? ─► store or remove, one by one ─► what hangs on kinds, once each
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from accounts.audit.actor import Actor
from accounts.models import Team
from changes.editing import clashes
from changes.making import Applied, apply_one
from changes.making_records import apply_record_sets
from changes.models import Edit
from changes.objects import ahead, held_many, in_order, kind_of
from changes.refusals import Conflict, ConflictError, RefusedError
from documents.kinds import RECORD_SETS
from steering.services import take_turn


def apply(team: Team, actor: Actor, edits: Sequence[Edit], change: int | None) -> list[Applied]:
    """Make all edits, or none. Only within a transaction, which has to be rolled back if this raises.

    Raises ConflictError, RefusedError.
    """
    take_turn(team)
    ordered = in_order(list(edits))
    conflicts = held_conflicts(team, ordered)
    if conflicts:
        raise ConflictError(conflicts)
    applied = apply_all(team, actor, ordered, change)
    refusals = [refusal for one in applied for refusal in one.refusals]
    if refusals:
        raise RefusedError(refusals)
    for kind in {edit.kind: kind_of(edit.kind) for edit in ordered}.values():
        kind.changed()
    return applied


def apply_all(team: Team, actor: Actor, ordered: Sequence[Edit], change: int | None) -> list[Applied]:
    """Make each edit that can be made. What is refused is tried again after the others: it may need one of them.

    So are edits that come `ahead`: a check among them may need a region that is made by the same change.
    """
    done: list[Applied] = []
    early, waiting = ahead(ordered), list(ordered)
    while True:
        begun = [apply_one(team, actor, edit, change) for edit in early]
        renamed = {one.edit.key: str((one.edit.document or {}).get("name", one.edit.key)) for one in _made(begun)}
        waiting = [_called(edit, renamed) if edit.kind == "checks" else edit for edit in waiting]
        tried = apply_each(team, actor, waiting, change)
        done += _made((*begun, *tried))
        refused = [one for one in tried if one.refusals]
        still_early = [one.edit for one in begun if one.refusals]
        if not refused or (len(refused) == len(waiting) and len(still_early) == len(early)):
            return done + refused
        early, waiting = still_early, [one.edit for one in refused]


def _made(tried: Iterable[Applied]) -> list[Applied]:
    return [one for one in tried if not one.refusals]


def _called(edit: Edit, renamed: Mapping[str, str]) -> Edit:
    """The edit of an object that has another name by now, since an edit ahead of this one gave it that."""
    key = renamed.get(edit.key, edit.key)
    if key == edit.key:
        return edit
    return Edit(kind=edit.kind, key=key, position=edit.position, action=edit.action, document=edit.document)


def held_conflicts(team: Team, edits: Iterable[Edit]) -> list[Conflict]:
    """Hold what all edits are about, and say which objects are not what their authors saw."""
    edits = list(edits)
    return clashes(edits, held_many(team, [(edit.kind, edit.key) for edit in edits]))


def apply_each(team: Team, actor: Actor, edits: Sequence[Edit], change: int | None) -> list[Applied]:
    """Make each edit that can be made, in their order; record sets that come one after the other are made together."""
    applied: list[Applied] = []
    for plural, group in groupby(edits, lambda edit: edit.kind):
        if plural == RECORD_SETS.plural:
            applied += apply_record_sets(team, actor, list(group), change)
        else:
            applied += [apply_one(team, actor, edit, change) for edit in group]
    return applied
