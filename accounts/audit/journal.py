"""The one way into the journal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accounts.audit.actor import Actor
from accounts.audit.models import Action, AuditEntry
from accounts.models import Team

BATCH = 2000

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """What was done to one object. `before` and `after` hold no secret; None: there was no object."""

    kind: str
    key: str
    action: str
    before: Document | None = None
    after: Document | None = None

    @classmethod
    def of_write(cls, kind: str, key: str, before: Document | None, after: Document | None) -> Event:
        """Create, update or delete, whichever leads from one document to the other."""
        if before is None:
            return cls(kind, key, Action.CREATE, before, after)
        return cls(kind, key, Action.DELETE if after is None else Action.UPDATE, before, after)


def record(actor: Actor, team: Team | None, events: Iterable[Event], *, change: int | None = None) -> None:
    """Write down what `actor` does, within the transaction that does it. `change`: its number, if it is part of one."""
    AuditEntry.objects.bulk_create(
        (
            AuditEntry(
                team=team,
                user=actor.user,
                actor=actor.name,
                token=actor.token,
                address=actor.address,
                via=actor.via,
                request_id=actor.request_id,
                action=event.action,
                kind=event.kind,
                key=event.key,
                before=event.before,
                after=event.after,
                change=change,
            )
            for event in events
        ),
        batch_size=BATCH,
    )
