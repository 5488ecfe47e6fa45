"""The state that a change is in, held for as long as a transaction needs it."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from changes.models import Change
from changes.refusals import NoSuchChangeError, WrongStateError


def hold(change: Change, wanted: Sequence[str] | None = None) -> str:
    """The state of a change, which nobody else moves, edits or deletes before the transaction ends.

    Raises NoSuchChangeError, and WrongStateError for a state that is not wanted. None: any.
    """
    state = _state(change, Change.objects.select_for_update(no_key=True))
    if wanted is not None and state not in wanted:
        raise WrongStateError(change.number, state, wanted)
    return state


def state_now(change: Change) -> str:
    """The state of a change that others may be moving. Raises NoSuchChangeError."""
    return _state(change, Change.objects.all())


def _state(change: Change, changes: QuerySet[Change]) -> str:
    state = changes.filter(pk=change.pk).values_list("state", flat=True).first()
    if state is None:
        raise NoSuchChangeError(change.number)
    return state
