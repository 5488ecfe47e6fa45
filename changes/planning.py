"""What a change would do, before it is made: to objects, to queries, and whether it would be let through.

edits ─► transaction { apply; compile; roll back } ─► differences · refusals · whom it moves · what is held
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.audit.actor import Actor
from accounts.audit.journal import Event
from accounts.models import Team
from changes.applying import apply_all, held_conflicts
from changes.models import Change, Edit
from changes.objects import Place, in_order
from changes.refusals import Conflict, Refusal
from documents.kind import Document
from documents.kinds import KINDS
from simulation.traffic import Traffic, traffic
from snapshots.proposal import Proposal
from snapshots.services import NothingPublishedError, brake_limits
from steering.services import take_turn

PLANNER = "plan"


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is another then, by its path in the document. None: it is not there, or says nothing."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class ObjectPlan:
    """What becomes of one object. `edited`: by an edit of its own; else it says something of one that is."""

    kind: str
    key: str
    action: str
    before: Document | None
    after: Document | None
    edited: bool
    differences: list[Difference]


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen. `traffic` None: see `unknown`. `held`, `refused`: reasons by part of the snapshot."""

    objects: list[ObjectPlan] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    traffic: Traffic | None = None
    unknown: str = ""
    held: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    generation: int | None = None

    @property
    def is_publishable(self) -> bool:
        """Whether publishing it now would be refused by nobody."""
        return not (self.refusals or self.conflicts)

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "publishable": self.is_publishable}


def plan(change: Change, now: datetime) -> Plan:
    """What publishing a change would do now. Nothing of it stays."""
    return plan_of(change.team, list(change.edits.all()), now)


def plan_of(team: Team, edits: Sequence[Edit], now: datetime) -> Plan:
    """The same of edits, saved or not."""
    with transaction.atomic():
        found, proposal = _tried(team, edits, now)
        transaction.set_rollback(True)
    return found if proposal is None else judged(found, proposal, now)


def planned(events: Sequence[Event], edited: Collection[Place] | None, now: datetime) -> tuple[Plan, Proposal | None]:
    """What was written in the present transaction, which is about to be rolled back; to be `judged` after that.

    `edited`: places of the objects that edits are about; None: those of all events.
    """
    objects = _objects(events, edited)
    try:
        proposal = Proposal.of(now) if objects else None
    except NothingPublishedError:
        return Plan(objects, unknown="Nothing is published yet: there are no answers that could move."), None
    return Plan(objects), proposal


def judged(found: Plan, proposal: Proposal, now: datetime) -> Plan:
    """The plan with what would become of the proposal."""
    outcome = proposal.judged(brake_limits(), now)
    return replace(
        found,
        traffic=traffic(outcome, now),
        held=outcome.held,
        refused=outcome.refused,
        generation=outcome.before.generation,
    )


def differences(before: Document | None, after: Document | None) -> list[Difference]:
    """The fields in which two documents differ; of what is in lists and objects, down to the entry."""
    return list(_differences(before or {}, after or {}, ()))


def _tried(team: Team, edits: Sequence[Edit], now: datetime) -> tuple[Plan, Proposal | None]:
    take_turn(team)
    ordered = in_order(list(edits))
    conflicts = held_conflicts(team, ordered)
    applied = apply_all(team, Actor.system(PLANNER), ordered, None)
    refusals = [refusal for one in applied for refusal in one.refusals]
    events = [event for one in applied for event in one.events]
    edited = {(edit.kind, edit.key) for edit in ordered}
    if refusals:
        return Plan(_objects(events, edited), refusals, conflicts), None
    found, proposal = planned(events, edited, now)
    return replace(found, conflicts=conflicts), proposal


def _objects(events: Sequence[Event], edited: Collection[Place] | None) -> list[ObjectPlan]:
    """What all events together make of each object."""
    merged: dict[Place, tuple[Document | None, Document | None]] = {}
    called: dict[Place, Place] = {}  # what an object is called by now ─► what it was called at first
    for event in events:
        place = called.get((event.kind, event.key), (event.kind, event.key))
        merged[place] = (merged[place][0] if place in merged else event.before, event.after)
        if event.after is not None and event.kind in KINDS:
            called[event.kind, KINDS[event.kind].key_in(event.after, event.key)] = place
    return [
        _object(place, before, after, edited=edited is None or place in edited)
        for place, (before, after) in merged.items()
        if not (KINDS[place[0]].alike(before, after) if place[0] in KINDS else before == after)
    ]


def _object(place: Place, before: Document | None, after: Document | None, *, edited: bool) -> ObjectPlan:
    action = "create" if before is None else "delete" if after is None else "update"
    return ObjectPlan(*place, action, before, after, edited, differences(before, after))


def _differences(before: Any, after: Any, path: tuple[object, ...]) -> Iterator[Difference]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*after, *(name for name in before if name not in after)]:
            yield from _differences(before.get(name), after.get(name), (*path, name))
    elif isinstance(before, list) and isinstance(after, list) and _is_of_objects(before) and _is_of_objects(after):
        for index in range(max(len(before), len(after))):
            one, other = (side[index] if index < len(side) else None for side in (before, after))
            yield from _differences(one, other, (*path, index))
    elif before != after:
        yield Difference(".".join(map(str, path)), before, after)


def _is_of_objects(items: list[Any]) -> bool:
    return all(isinstance(item, dict) for item in items)
