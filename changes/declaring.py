"""Files that say how things are to be: what they declare becomes a change, of what is not so yet.

    documents ─► edits of all ─► tried, rolled back ─► those that would change something ─► a change
                 + deletions of what the owner owned and declares no more

An object belongs to the owner whose files made or changed it. Nobody's files touch what belongs to another owner; what
belongs to nobody and is otherwise than declared is touched only where that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.audit.actor import Actor
from accounts.models import Team
from changes.claim_models import Claim, DeclaredChange
from changes.claims import Place, claim, claimed_by, follow, give_up, owners_of
from changes.declaration import Found, documents_of
from changes.drafting import open_change
from changes.editing import Proposed
from changes.models import Change, Edit
from changes.objects import present_many
from changes.planning import Plan, plan_of
from changes.refusals import Refusal
from documents.kind import Document
from documents.kinds import ZONES
from documents.zones import UNCHANGEABLE

UNADOPTED = "It is there already, otherwise than declared, and belongs to nobody: adopt it, or leave it out."


@dataclass(frozen=True, slots=True)
class Declared:
    """What came of a declaration. `unchanged`: how many are as declared. `change` None: all are, or a trial."""

    owner: str
    plan: Plan
    unchanged: int
    adopted: list[Place]
    change: Change | None = None

    @property
    def is_done(self) -> bool:
        """Whether everything is as declared."""
        return not self.plan.objects and not self.plan.refusals


def try_declaration(
    team: Team, owner: str, declared: Mapping[str, Any], now: datetime, *, adopt: bool = False
) -> Declared:
    """What `declare` would do. Nothing of it stays. Raises ValidationError by path."""
    return _tried(team, owner, documents_of(declared), now, adopt=adopt)[0]


def declare(
    team: Team, actor: Actor, owner: str, declared: Mapping[str, Any], now: datetime, *, adopt: bool = False
) -> Declared:
    """Open a change that makes things as declared, if they are not. Nothing changes before that is published.

    `adopt`: also what belongs to nobody becomes as declared. Raises ValidationError by path.
    """
    documents = documents_of(declared)
    found, edits = _tried(team, owner, documents, now, adopt=adopt)
    if found.plan.refusals:
        raise ValidationError({f"{one.kind} {one.key}": [_said(one)] for one in found.plan.refusals})
    with transaction.atomic():
        _settle_at_once(team, owner, documents, edits)
        if not edits:
            return found
        change = open_change(team, actor, f"Declared by {owner}", [_proposed(edit) for edit in edits])
        DeclaredChange.objects.create(change=change, owner=owner)
    return replace(found, change=change)


def _tried(team: Team, owner: str, documents: Found, now: datetime, *, adopt: bool) -> tuple[Declared, list[Edit]]:
    _require_owner(team, owner)
    follow(team)
    owners = owners_of(team, documents)
    others = [
        Refusal(*place, "", f'It belongs to "{theirs}": declare it there, or have that owner give it up.')
        for place, theirs in owners.items()
        if theirs != owner
    ]
    edits = _edits(team, documents, claimed_by(team, owner))
    plan = plan_of(team, edits, now)
    concerned = {(one.kind, one.key) for one in plan.objects if one.edited} | {
        (one.kind, one.key) for one in plan.refusals
    }
    effective = [edit for edit in edits if (edit.kind, edit.key) in concerned]
    strangers = [
        (edit.kind, edit.key)
        for edit in effective
        if edit.base is not None and edit.document is not None and (edit.kind, edit.key) not in owners
    ]
    refusals = [*others, *plan.refusals, *(() if adopt else map(_strange, strangers))]
    unchanged = len(documents) - sum(edit.document is not None for edit in effective)
    return Declared(owner, replace(plan, refusals=refusals), unchanged, strangers if adopt else []), effective


def _edits(team: Team, documents: Found, owned: Iterable[Place]) -> list[Edit]:
    """One for each document, and for each object that the owner declares no more."""
    undeclared = sorted(set(owned) - documents.keys())
    there = present_many(team, [*documents, *undeclared])
    edits = [_edit(place, document, there.get(place)) for place, document in documents.items()]
    edits += [_edit(place, None, there[place]) for place in undeclared if place in there]
    for position, edit in enumerate(edits):
        edit.position = position
    return edits


def _edit(place: Place, document: Document | None, base: Document | None) -> Edit:
    kind, key = place
    if kind == ZONES.plural and base is not None and document is not None:
        document = {name: value for name, value in document.items() if name not in UNCHANGEABLE or name == "origin"}
    action = Edit.Action.DELETE if document is None else Edit.Action.PUT
    return Edit(kind=kind, key=key, action=action, document=document, base=base)


def _settle_at_once(team: Team, owner: str, documents: Found, edits: list[Edit]) -> None:
    """What is as declared already is the owner's; what is gone already is nobody's."""
    edited = {(edit.kind, edit.key) for edit in edits}
    claim(team, owner, documents.keys() - edited)
    give_up(team, owner, claimed_by(team, owner) - documents.keys() - edited)


def _proposed(edit: Edit) -> Proposed:
    return Proposed(edit.kind, edit.key, edit.document, base=edit.base)


def _require_owner(team: Team, owner: str) -> None:
    Claim(team=team, owner=owner, kind="-", key="-").validate_constraints(exclude={"kind", "key"})


def _strange(place: Place) -> Refusal:
    return Refusal(*place, "", UNADOPTED)


def _said(refusal: Refusal) -> str:
    return f"{refusal.field}: {refusal.message}" if refusal.field else refusal.message
