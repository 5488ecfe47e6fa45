"""What a form would write, as edits of a change instead.

form ─► its write, in a transaction that is rolled back ─► what it did, by the journal ─► edits of the current draft

The draft that someone writes to is theirs alone: it is kept in their session.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone

from accounts.audit.journal import Event
from accounts.models import Team
from accounts.permissions import Action
from changes.models import Change, Edit, State
from changes.objects import proposed
from changes.refusals import ChangeError
from changes.services import Proposed, open_change, put_edits
from dashboard.access import signed_in
from dashboard.guard import may_with_change
from dashboard.noting import actor_of
from dashboard.writing import TAKEN
from documents.journal import Writing, writing
from documents.kind import Document, Kind
from documents.kinds import RECORD_SETS
from documents.zone_files import events_between
from zones.contents import Contents
from zones.edits import Author
from zones.models import Zone

T = TypeVar("T")

CURRENT = "change"
"""In the session: the number of the draft that is being written."""


def current_draft(request: HttpRequest) -> Change | None:
    """The draft that someone is writing, if it is still one that they may write."""
    number = request.session.get(CURRENT)
    if not number:
        return None
    change = Change.objects.filter(pk=number, state=State.DRAFT).select_related("team").first()
    return change if change is not None and may_with_change(request, Action.DRAFT, change) else None


def write_into(request: HttpRequest, change: Change | None) -> None:
    """What is drafted from now on goes into this change; None: into a new one."""
    request.session[CURRENT] = change.number if change else None


def draft(
    request: HttpRequest, team: Team, kind: Kind[Any], row: Model | None, write: Callable[[], Any], title: str
) -> Change:
    """Put what `write` would do to `row` into the current draft, or a new one. Raises ValidationError."""
    return put(request, team, tried(request, team, kind, row, write), title)


def tried(
    request: HttpRequest, team: Team, kind: Kind[Any], row: Model | None, write: Callable[[], Any]
) -> list[Event]:
    """What `write` does to objects. Nothing of it stays."""
    try:
        with transaction.atomic():
            with writing(actor_of(request), team, kind, row) as going_on:
                _note_made(going_on, row, write())
            transaction.set_rollback(True)
    except IntegrityError as error:
        raise ValidationError(TAKEN) from error
    return going_on.events


def tried_in_zone(request: HttpRequest, write: Callable[[Author], Any]) -> list[Event]:
    """What `write` does to record sets of a zone, many at once. Nothing of it stays. Raises ValidationError."""
    events: list[Event] = []

    def note(zone: Zone, before: Contents, after: Contents) -> None:
        events.extend(events_between(zone, before, after))

    try:
        with transaction.atomic():
            write(Author(signed_in(request), timezone.now(), note))
            transaction.set_rollback(True)
    except IntegrityError as error:
        raise ValidationError(TAKEN) from error
    return [event for event in events if not RECORD_SETS.alike(event.before, event.after)]


def put(request: HttpRequest, team: Team, events: list[Event], title: str) -> Change:
    """Edits that do what these events tell, in the current draft or a new one. Raises ValidationError."""
    if not events:
        raise ValidationError("Nothing is otherwise than it was: there is nothing to put into a change.")
    actor, change = actor_of(request), current_draft(request)
    if change is not None and change.team_id != team.pk:
        change = None
    known = {} if change is None else {(edit.kind, edit.key): edit for edit in change.edits.all()}
    edits = [
        Proposed(event.kind, event.key, _with(known.get((event.kind, event.key)), event), base=event.before)
        for event in events
    ]
    try:
        if change is None:
            change = open_change(team, actor, title, edits)
        else:
            put_edits(change, actor, edits)
    except ChangeError as error:
        raise ValidationError(str(error)) from error
    write_into(request, change)
    return change


def _with(edit: Edit | None, event: Event) -> Document | None:
    """The document of an event, with what an earlier form has drafted of the same object: forms show what is live."""
    ours = None if edit is None else proposed(edit, edit.base)
    if event.after is None or ours is None or ours.keys() != event.after.keys():
        return event.after
    was = event.before or {}
    return {**ours, **{name: said for name, said in event.after.items() if said != was.get(name)}}


def _note_made(going_on: Writing, row: Model | None, written: Any) -> None:
    if row is None and isinstance(written, going_on.kind.rows.model):
        going_on.made = written
