"""What can be done with a change. The doors and tasks call these; the state machine is drawn in changes.models.

Every step is a conditional UPDATE whose row count says who won, and an entry in the journal.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.audit.actor import Actor
from changes.drafting import comment, describe, discard, note, open_change
from changes.editing import NOW, Proposed, conflicts, held_draft, put_edit, put_edits, rebase, remove_edit
from changes.forgetting import forget_secrets
from changes.holding import hold, state_now
from changes.models import OPEN_STATES, Approval, Change, State
from changes.planning import Plan, plan, plan_of
from changes.publishing import note_generations, publish, publish_due
from changes.refusals import EmptyChangeError, NotYoursError, WrongStateError
from changes.rolling_back import revert, roll_back
from documents.kinds import NODES

__all__ = [
    "NOW",
    "Plan",
    "Proposed",
    "approve",
    "comment",
    "conflicts",
    "describe",
    "discard",
    "edits_nodes",
    "note_generations",
    "open_change",
    "plan",
    "plan_of",
    "propose",
    "publish",
    "publish_due",
    "put_edit",
    "put_edits",
    "rebase",
    "reject",
    "remove_edit",
    "reopen",
    "revert",
    "roll_back",
    "schedule",
    "withdraw",
]


def propose(change: Change, actor: Actor) -> None:
    """Ask others to look at it; where a team asks nobody, it is approved with that. Raises ChangeError."""
    with transaction.atomic():
        held_draft(change)
        if not change.edits.exists():
            raise EmptyChangeError(change.number)
        asked = change.team.approvals_required > 0
        _move(change, actor, "propose", [State.DRAFT], State.PROPOSED if asked else State.APPROVED)


def approve(change: Change, actor: Actor) -> None:
    """Agree with a change as it is proposed; with the last approval that its team asks for it is approved.

    Raises NotYoursError for those who wrote it, WrongStateError.
    """
    with transaction.atomic():
        hold(change, [State.PROPOSED])
        if actor.user is None or _wrote(change, actor):
            raise NotYoursError(f"You wrote change {change.number} or a part of it: someone else approves it.")
        Approval.objects.get_or_create(change=change, user_name=actor.name, defaults={"user": actor.user})
        if change.approvals.count() >= change.team.approvals_required:
            _move(change, actor, "approve", [State.PROPOSED], State.APPROVED)
        else:
            note(change, actor, "approve")


def reject(change: Change, actor: Actor, why: str) -> None:
    """Give a change back to its author, saying why; what was approved is so no more. Raises ChangeError."""
    if not why.strip():
        raise ValidationError({"why": ["Say what should be otherwise: it is kept with the change."]})
    with transaction.atomic():
        _back_to_draft(change, actor, "reject", [State.PROPOSED, State.APPROVED, State.SCHEDULED])
        comment(change, actor, why)


def reopen(change: Change, actor: Actor) -> None:
    """Make it a draft again, to be edited and proposed anew. Raises WrongStateError."""
    with transaction.atomic():
        _back_to_draft(change, actor, "reopen", [State.PROPOSED, State.APPROVED, State.SCHEDULED, State.FAILED])


def withdraw(change: Change, actor: Actor) -> None:
    """Give it up for good. Raises WrongStateError."""
    with transaction.atomic():
        _move(change, actor, "withdraw", OPEN_STATES, State.WITHDRAWN, scheduled_for=None)
        forget_secrets(change)


def schedule(change: Change, actor: Actor, at: datetime | None, now: datetime) -> None:
    """Have an approved change published at a moment to come; None: not by itself any more. Raises ChangeError."""
    if at is not None and at <= now:
        raise ValidationError({"at": ["This moment is over: choose a later one, or publish the change now."]})
    with transaction.atomic():
        if at is None:
            _move(change, actor, "unschedule", [State.SCHEDULED], State.APPROVED, scheduled_for=None)
        else:
            _move(change, actor, "schedule", [State.APPROVED, State.SCHEDULED], State.SCHEDULED, scheduled_for=at)


def edits_nodes(change: Change) -> bool:
    """Whether it makes, changes or deletes edge nodes, which is not for everyone who may publish.

    Only within a transaction: nobody puts another edit into it before that ends. Raises NoSuchChangeError.
    """
    hold(change)
    return change.edits.filter(kind=NODES.plural).exists()


def _back_to_draft(change: Change, actor: Actor, action: str, wanted: Sequence[str]) -> None:
    _move(change, actor, action, wanted, State.DRAFT, scheduled_for=None, reason="")
    change.approvals.all().delete()


def _move(change: Change, actor: Actor, action: str, wanted: Sequence[str], to: str, **columns: Any) -> None:
    won = Change.objects.filter(pk=change.pk, state__in=wanted).update(state=to, **columns)
    if not won:
        raise WrongStateError(change.number, state_now(change), wanted)
    state_before = change.state
    change.refresh_from_db()
    note(change, actor, action, state=to, was=state_before)


def _wrote(change: Change, actor: Actor) -> bool:
    user, names = actor.user, {change.author_name}
    names |= set(change.edits.values_list("author_name", flat=True))
    return actor.name in names or (user is not None and change.author_id == user.pk)
