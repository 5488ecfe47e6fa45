"""One edit becomes a row, by the very services of every other write, and an entry in the journal.

edit ─► what there is ─► what is to be ─► store or remove ─► events, or refusals by field
"""

from __future__ import annotations

from collections.abc import Iterator
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
from changes.models import Edit
from changes.objects import found, kind_of, proposed
from changes.refusals import Refusal
from documents.journal import writing

MOST_NAMED = 5
TAKEN = "Someone else has just written the same. Look at what is there now, and try again."


@dataclass(slots=True)
class Applied:
    """What became of one edit."""

    edit: Edit
    events: list[Event] = field(default_factory=list)
    """What it did to its object, and to others that say something of it."""
    refusals: list[Refusal] = field(default_factory=list)


def apply_one(team: Team, actor: Actor, edit: Edit, change: int | None) -> Applied:
    """Make one edit, and write down what it did; one that is refused does nothing."""
    kind = kind_of(edit.kind)
    row = found(team, kind, edit.key)
    before = None if row is None else kind.declared(team, row)
    wanted = proposed(edit, before)
    applied = Applied(edit)
    with refusals_of(applied), transaction.atomic():
        with writing(actor, team, kind, row, proposed=wanted, change=change) as going_on:
            if wanted is not None:
                going_on.made = kind.store(team, edit.key, row, wanted)
            elif row is not None:
                kind.remove(row)
        applied.events = going_on.events
    return applied


@contextmanager
def refusals_of(applied: Applied) -> Iterator[None]:
    """Note what is refused within the block, by field."""
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
