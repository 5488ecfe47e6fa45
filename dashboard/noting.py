"""Writes of pages are in the journal, as those of the API are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.db.models import Model
from django.http import HttpRequest

from accounts.audit.actor import Actor
from accounts.audit.journal import Event, record
from accounts.audit.models import Via
from accounts.models import Team
from dashboard.access import signed_in
from documents.acting import acting
from documents.journal import writing
from documents.kind import Kind
from documents.kinds import RECORD_SETS, ZONES
from zones.models import RecordSet, Zone

T = TypeVar("T")


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in user, as the journal has it."""
    return acting(request, signed_in(request), Via.DASHBOARD)


def noted(
    request: HttpRequest, team: Team, kind: Kind[Any], row: Model | None, write: Callable[[], T]
) -> Callable[[], T]:
    """`write`, which stores or deletes `row` or makes a new one, with what it does written down."""

    def run() -> T:
        with writing(actor_of(request), team, kind, row) as going_on:
            written = write()
            if row is None and isinstance(written, kind.rows.model):
                going_on.made = written
        return written

    return run


def noted_in_zone(request: HttpRequest, zone: Zone, write: Callable[[], Iterable[RecordSet]]) -> Callable[[], None]:
    """`write`, which makes record sets in a zone, with them written down."""

    def run() -> None:
        with writing(actor_of(request), zone.team, ZONES, zone, proposed={}) as going_on:
            going_on.watch(RECORD_SETS, {made.pk for made in write()})

    return run


def told(request: HttpRequest, team: Team, event: Event, write: Callable[[], T]) -> Callable[[], T]:
    """`write` of what has no documents, with it written down."""

    def run() -> T:
        written = write()
        tell(request, team, event)
        return written

    return run


def tell(request: HttpRequest, team: Team | None, event: Event) -> None:
    """Write down what is done to what has no documents. `team` None: it concerns every team."""
    record(actor_of(request), team, [event])
