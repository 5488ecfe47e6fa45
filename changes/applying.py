"""Edits become rows: in one transaction, by the very services of every other write, and into the journal.

edits, in order ─► hold ─► as their authors saw? ─► store or remove, one by one ─► what hangs on kinds, once each
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from rest_framework.exceptions import ValidationError

from accounts.audit.actor import Actor
from accounts.audit.journal import Event
from accounts.models import Team
from changes.editing import clash
from changes.models import Edit
from changes.objects import ahead, found, held, in_order, kind_of, proposed
from changes.refusals import Conflict, ConflictError, Refusal, RefusedError
from documents.journal import writing
from steering.services import take_turn

MOST_NAMED = 5
TAKEN = "Someone else has just written the same. Look at what is there now, and try again."


@dataclass(slots=True)
class Applied:
    """What became of one edit."""

    edit: Edit
    events: list[Event] = field(default_factory=list)
    """What it did to its object, and to others that say something of it."""
    refusals: list[Refusal] = field(default_factory=list)


def apply(team: Team, actor: Actor, edits: Sequence[Edit], change: int | None) -> list[Applied]:
    """Make all edits, or none. Only within a transaction, which has to be rolled back if this raises.

    Raises ConflictError, RefusedError.
    """
    take_turn(team)
    ordered = in_order(list(edits))
    clashes = held_conflicts(team, ordered)
    if clashes:
        raise ConflictError(clashes)
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
        tried = [apply_one(team, actor, edit, change) for edit in waiting]
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
    clashes = []
    for edit in edits:
        kind = kind_of(edit.kind)
        row = held(team, kind, edit.key)
        clashes.append(clash(kind, edit, None if row is None else kind.declared(team, row)))
    return [conflict for conflict in clashes if conflict]


def apply_one(team: Team, actor: Actor, edit: Edit, change: int | None) -> Applied:
    """Make one edit, and write down what it did; one that is refused does nothing."""
    kind = kind_of(edit.kind)
    row = found(team, kind, edit.key)
    before = None if row is None else kind.declared(team, row)
    wanted = proposed(edit, before)
    applied = Applied(edit)
    with _refusals_of(applied), transaction.atomic():
        with writing(actor, team, kind, row, proposed=wanted, change=change) as going_on:
            if wanted is not None:
                going_on.made = kind.store(team, edit.key, row, wanted)
            elif row is not None:
                kind.remove(row)
        applied.events = going_on.events
    return applied


@contextmanager
def _refusals_of(applied: Applied) -> Iterator[None]:
    edit = applied.edit
    try:
        yield
    except (ValidationError, DjangoValidationError) as error:
        applied.refusals = [Refusal(edit.kind, edit.key, *said) for said in _said(error)]
    except ProtectedError as error:
        users = sorted({f"{row._meta.verbose_name} {row}" for row in error.protected_objects})
        more = f" and {len(users) - MOST_NAMED} more" if len(users) > MOST_NAMED else ""
        message = f"It is in use: {', '.join(users[:MOST_NAMED])}{more}."
        applied.refusals = [Refusal(edit.kind, edit.key, "", message)]
    except IntegrityError:
        applied.refusals = [Refusal(edit.kind, edit.key, "", TAKEN)]
    except (ObjectDoesNotExist, ValueError) as error:
        applied.refusals = [Refusal(edit.kind, edit.key, "", str(error))]


def _said(error: ValidationError | DjangoValidationError) -> Iterator[tuple[str, str]]:
    """Field and message of each."""
    if isinstance(error, ValidationError):
        yield from _flat(error.detail, ())
    elif hasattr(error, "error_dict"):
        yield from _flat(error.message_dict, ())
    else:
        yield from (("", message) for message in error.messages)


def _flat(detail: Any, path: tuple[object, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(detail, dict):
        for name, value in detail.items():
            yield from _flat(value, path if name in ("__all__", "non_field_errors") else (*path, name))
    elif isinstance(detail, list):
        for index, item in enumerate(detail):
            yield from _flat(item, path if isinstance(item, str) else (*path, index))
    else:
        yield ".".join(map(str, path)), str(detail)
