"""Every write of an object goes through here, so that the journal has it: what it was, what it is, who made it so.

writing ─► the document before ─► the write, whoever does it ─► the document after ─► accounts.audit
             └─ and those of objects that say something of it ─┘
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db.models import Model

from accounts.audit.actor import Actor
from accounts.audit.journal import Event, record
from accounts.models import Team
from documents.kind import Document, Kind
from documents.kinds import CHECKS, ENDPOINTS, KINDS
from documents.linked import Rows, linked, named

Found = dict[tuple[str, int], tuple[str, Document]]
"""Key and document, by kind and primary key."""


class Writing:
    """A write that is going on. `made`: the row, said by the writer of a new one."""

    def __init__(self, team: Team, kind: Kind[Any], row: Model | None, proposed: Document | None) -> None:
        self.team, self.kind, self.made = team, kind, row
        self.watched: Rows = {kind.plural: {row.pk}} if row else {}
        self.before = self._found(self.watched)
        others: Rows = {}
        if row is not None and self.before:
            ((_key, document),) = self.before.values()
            others = linked(kind, row, document, proposed)
        for plural, pks in named(kind, team, proposed or {}).items():
            others.setdefault(plural, set()).update(pks)
        self.before |= self._found(others)
        _add(self.watched, others)
        self.events: list[Event] = []
        self._secrets = kind.stored_secrets(row.pk) if row else ()
        # Whoever makes an endpoint may make the check along with it that watches it.
        self.checks = set(CHECKS.of(team).values_list("pk", flat=True)) if row is None and kind is ENDPOINTS else set()

    def finish(self) -> None:
        """Find out what happened, once it has."""
        if self.made is not None and self.made.pk is not None:
            _add(self.watched, {self.kind.plural: {self.made.pk}})
            self._watch_attached()
        after = self._found(self.watched)
        silent = self._changed_in_secret()
        self.events = [
            Event.of_write(
                place[0], (was or became or ("",))[0], was[1] if was else None, became[1] if became else None
            )
            for place in {**self.before, **after}
            if not self._alike(place[0], was := self.before.get(place), became := after.get(place)) or place in silent
        ]

    def watch(self, kind: Kind[Any], pks: set[int]) -> None:
        """Look at further objects, which this write has made."""
        _add(self.watched, {kind.plural: pks})

    def _changed_in_secret(self) -> set[tuple[str, int]]:
        """The row, if what was written of it is in no document: that it was written is told, and no more."""
        if self.made is None or self.made.pk is None or self._secrets == self.kind.stored_secrets(self.made.pk):
            return set()
        return {(self.kind.plural, self.made.pk)}

    def _watch_attached(self) -> None:
        """A new zone has record sets; a new endpoint is in the checks whose templates match, which had all but it."""
        assert self.made is not None  # noqa: S101 - for type checkers
        if (self.kind.plural, self.made.pk) in self.before:
            return
        if self.kind.plural == "zones":
            _add(self.watched, {"rrsets": set(self.made.record_sets.values_list("pk", flat=True))})  # type: ignore[attr-defined]
        if self.kind is not ENDPOINTS:
            return
        ((key, document),) = self._found({self.kind.plural: {self.made.pk}}).values()
        attached = named(ENDPOINTS, self.team, document)
        _add(self.watched, attached)
        for place, (name, check) in self._found(attached).items():
            others = [endpoint for endpoint in check["endpoints"] if endpoint != key]
            if place[1] in self.checks:
                self.before.setdefault(place, (name, {**check, "endpoints": others}))

    def _found(self, rows: Rows) -> Found:
        found: Found = {}
        for plural, pks in rows.items():
            kind = self.kind if plural == self.kind.plural else KINDS[plural]
            for row in kind.rows.all().filter(pk__in=pks) if pks else ():
                found[plural, row.pk] = (kind.key_of(row), kind.declared(self.team, row))
        return found

    def _alike(self, plural: str, was: tuple[str, Document] | None, became: tuple[str, Document] | None) -> bool:
        if was is None or became is None:
            return was is became
        kind = self.kind if plural == self.kind.plural else KINDS[plural]
        return kind.alike(was[1], became[1])


@contextmanager
def writing(
    actor: Actor,
    team: Team,
    kind: Kind[Any],
    row: Model | None,
    *,
    proposed: Document | None = None,
    change: int | None = None,
) -> Iterator[Writing]:
    """Write down what happens to `row` (None: it is about to be made), within the transaction that writes it.

    `proposed`: what it is to be, where that is known; it saves looking at those whom the write does not concern.
    Whoever makes a row says so: `writing.made = row`. A write that leaves all as it was is not written down.
    """
    going_on = Writing(team, kind, row, proposed)
    yield going_on
    going_on.finish()
    record(actor, team, going_on.events, change=change)


def proposed_by(kind: Kind[Any], body: Mapping[str, Any], *, partial: bool) -> Document:
    """What a body says of an object, as far as `writing` has to know: a check that is replaced names all it watches."""
    return dict(body) if partial or kind is not CHECKS else {"endpoints": [], **body}


def _add(rows: Rows, more: Rows) -> None:
    for plural, pks in more.items():
        rows.setdefault(plural, set()).update(pks)
