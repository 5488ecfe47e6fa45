"""What edges are told is numbered here and nowhere else: under one lock, in one transaction, without a gap (H8).

The row lock of HealthSequence is taken first and held until commit. It makes transitions visible in the order of their
numbers, and it makes reading before writing safe: what someone else has changed meanwhile is read, not overwritten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction

from common.notify import notify
from healthchecks.models import Family, HealthSequence, Transition
from healthchecks.state import State
from regions.models import Endpoint

CHANNEL = "health"
MAX_CAUSE = 200
MOST_IDLE_MS = 5000
"""Between two statements of one transaction there is a little arithmetic."""
ROWS_AT_ONCE = 1000
"""In one statement: writing down ten thousand takes longer than MOST_IDLE_MS, and nothing is heard of it meanwhile."""


@dataclass
class Ledger:
    """An open transaction that holds the lock. `sequence` is the last number given."""

    sequence: int
    now: datetime
    transitions: list[Transition] = field(default_factory=list)

    def number(self) -> int:
        """Take the next number for something that edges are to be told."""
        self.sequence += 1
        return self.sequence

    def write(
        self,
        endpoint: Endpoint,
        family: Family,
        change: tuple[State, State],
        told: State,
        *,
        cause: str,
        check_name: str = "",
        votes: Mapping[str, State] | None = None,
    ) -> None:
        """Note the transition `change` (from, to); `told` is the state of the endpoint after it."""
        from_state, to_state = change
        self.transitions.append(
            Transition(
                sequence=self.number(),
                endpoint_id=endpoint.id,
                endpoint_name=endpoint.name,
                family=family,
                check_name=check_name,
                from_state=from_state,
                to_state=to_state,
                endpoint_state=told,
                votes=dict(votes or {}),
                cause=cause[:MAX_CAUSE],
                at=self.now,
            )
        )


@contextmanager
def open_ledger(now: datetime) -> Iterator[Ledger]:
    """Take the lock; at the end store the transitions noted and, once they are committed, wake who listens."""
    with transaction.atomic():
        with connection.cursor() as cursor:  # a process that is frozen in here must not keep the lock
            cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, true)", [str(MOST_IDLE_MS)])
        row, _created = HealthSequence.objects.select_for_update().get_or_create(singleton=True)
        ledger = Ledger(row.value, now)
        yield ledger
        Transition.objects.bulk_create(ledger.transitions, batch_size=ROWS_AT_ONCE)
        if ledger.sequence != row.value:
            HealthSequence.objects.update(value=ledger.sequence)
            notify(CHANNEL, ledger.sequence)
