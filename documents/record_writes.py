"""Documents of many record sets of one zone, written together: one serial, and one entry in the journal for each.

documents ─► validated, each as if alone ─► zones.batch ─► rows; accounts.audit

Only static record sets are written so. What concerns policies is not taken (`takes`): who writes it writes it alone,
before or after or meanwhile, for no two names concern each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError

from accounts.audit.actor import Actor
from accounts.audit.journal import Event, record
from documents.base import in_fields_of
from documents.kind import Document
from documents.kinds import RECORD_SETS
from documents.records import RecordSetSerializer, already, document_of
from zones.batch import Batch, Written
from zones.contents import Key, Records
from zones.models import Zone
from zones.services import batch


class _Serializer(RecordSetSerializer):
    def require_new(self, key: dict[str, str]) -> None:
        """Who writes several together knows what is there by then."""


class RecordWrites:
    """Writes that are going on. `alone`: the names at which something concerns policies."""

    def __init__(self, writes: Batch, alone: Iterable[str]) -> None:
        self.events: list[Event] = []
        self._writes = writes
        self._alone = frozenset({*alone, *(name for name, _type in writes.steered)})
        context = {"team": writes.zone.team, "zone": writes.zone}
        self._serializers = {partial: _Serializer(context=context, partial=partial) for partial in (False, True)}

    def takes(self, key: Key) -> bool:
        """Whether a record set can be written here."""
        return key[0] not in self._alone

    def present(self, key: Key) -> Document | None:
        """What is declared of it by now; None: it is not there."""
        return _document(key, self._writes.records(key))

    def store(self, document: Any, *, partial: bool = False, new: bool = False) -> Key:
        """Make a record set what its document says. Raises REST framework's ValidationError by field.

        `new`: refused where there are records already.
        """
        serializer = self._serializers[partial]
        said = serializer.run_validation(document)
        if new and self._writes.records((said["name"], said["type"])):
            raise already(said["type"])
        try:
            written = self._writes.put(said["name"], said["type"], said["ttl_s"], said["rdatas"])
        except DjangoValidationError as error:
            raise in_fields_of(serializer, error) from error
        self._note(written)
        return written.key

    def remove(self, key: Key) -> None:
        """Delete a record set. Raises RecordSet.DoesNotExist, Django's ValidationError."""
        self._note(self._writes.delete(*key))

    def _note(self, written: Written) -> None:
        before, after = (_document(written.key, records) for records in (written.before, written.after))
        if not RECORD_SETS.alike(before, after):
            key = f"{self._writes.zone.origin} {written.key[0]} {written.key[1]}"
            self.events.append(Event.of_write(RECORD_SETS.plural, key, before, after))


@contextmanager
def writing_together(
    actor: Actor, zone: Zone, names: Iterable[str], *, alone: Iterable[str] = (), change: int | None = None
) -> Iterator[RecordWrites]:
    """Hold a zone; what the block writes at these names reaches the database, and the journal, when it ends.

    `alone`: those of the names at which the block does something about policies. `change`: its number, if it is part of
    one.
    """
    with batch(zone, names) as writes:
        going_on = RecordWrites(writes, alone)
        yield going_on
    record(actor, zone.team, going_on.events, change=change)


def _document(key: Key, records: Records | None) -> Document | None:
    return None if records is None else document_of(key, records.ttl_s, [rdata.text for rdata in records.rdatas])
