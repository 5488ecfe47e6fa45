"""Drafts: opened, named and talked about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from accounts.audit.actor import Actor
from accounts.audit.journal import Event, record
from accounts.models import Team
from changes.editing import Proposed, held_draft, put_edits
from changes.holding import hold
from changes.models import Change, Comment
from changes.telling import tell

KIND = "changes"
"""In the journal."""
NAMING = {"title", "description"}


def open_change(
    team: Team, actor: Actor, title: str, edits: Iterable[Proposed] = (), description: str = "", **columns: Any
) -> Change:
    """A new draft. Raises ValidationError by field, UnknownEditError."""
    change = Change(
        team=team, title=title.strip(), description=description, author=actor.user, author_name=actor.name, **columns
    )
    _require_named(change)
    with transaction.atomic():
        change.save()
        put_edits(change, actor, edits)
        note(change, actor, "create", title=change.title)
    return change


def describe(change: Change, actor: Actor, *, title: str | None = None, description: str | None = None) -> None:
    """Give a draft another title or description. Raises WrongStateError, ValidationError."""
    with transaction.atomic():
        held_draft(change)
        change.title = change.title if title is None else title.strip()
        change.description = change.description if description is None else description
        _require_named(change)
        change.save(update_fields=["title", "description", "updated"])
        note(change, actor, "describe", title=change.title)


def discard(change: Change, actor: Actor) -> None:
    """Delete a draft that nobody else has looked at. Raises WrongStateError."""
    with transaction.atomic():
        held_draft(change)
        note(change, actor, "delete", title=change.title)
        change.delete()


def comment(change: Change, actor: Actor, text: str) -> Comment:
    """Say something of a change. Raises ValidationError, NoSuchChangeError."""
    said = Comment(change=change, author=actor.user, author_name=actor.name, text=text.strip())
    said.full_clean(exclude=["change", "author"])
    with transaction.atomic():
        hold(change)
        said.save()
        note(change, actor, "comment", text=said.text)
    return said


def note(change: Change, actor: Actor, action: str, **said: Any) -> None:
    """Write down a step of a change, and have rules for alerts told of it. `was`: the state it had before."""
    told = {name: value for name, value in said.items() if name != "was"}
    before = {"state": said["was"]} if "was" in said else None
    event = Event(KIND, str(change.number), f"change.{action}", before=before, after=told or None)
    record(actor, change.team, [event], change=change.number)
    tell(change, actor, action, told)


def _require_named(change: Change) -> None:
    change.clean_fields(exclude={column.name for column in Change._meta.concrete_fields} - NAMING)
