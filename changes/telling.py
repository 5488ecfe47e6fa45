"""What rules for alerts are told of a change: the step, who made it, and what the change is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.audit.actor import Actor
from changes.models import Change, Edit
from changes.objects import kind_of
from healthchecks.alerts import happenings
from healthchecks.alerts.events import EventKind

MOST_FIELDS = 8
"""Of one edit that are named."""


def tell(change: Change, actor: Actor, action: str, said: Mapping[str, Any]) -> None:
    """Have rules told of a step, within the transaction that makes it. `said`: what the journal says of it."""
    event = f"change.{action}"
    if event not in EventKind.values:
        return
    edits = change.edits.all()
    entry = happenings.entry_of(
        f"change {change.number}",
        [_sentence(edit) for edit in edits[: happenings.MOST_LISTED]],
        title=change.title,
        by=actor.name,
        via=actor.via,
        state=said.get("state", change.state),
        said=said.get("text") or said.get("reason", ""),
        count=edits.count(),
    )
    happenings.tell(event, change.number, change.team, entry)


def _sentence(edit: Edit) -> str:
    """Such as `patch endpoint fra-1: weight`: fields are named, what they hold may be secret."""
    done = "create" if edit.base is None else edit.action
    fields = list(edit.document or {})[:MOST_FIELDS] if edit.action == Edit.Action.PATCH else []
    return f"{done} {kind_of(edit.kind).singular} {edit.key}{': ' if fields else ''}{', '.join(fields)}"
