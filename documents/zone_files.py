"""Zone files and other edits of many record sets at once: each record set that changes has an entry in the journal."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from accounts.audit.actor import Actor
from accounts.audit.journal import Event, record
from accounts.models import Team
from documents.journal import writing
from documents.kind import Document
from documents.kinds import RECORD_SETS, ZONES
from documents.records import document_of
from zones.contents import Changes, Contents, Key, Records
from zones.models import Zone
from zones.services import ImportResult, carry_out, create_zone, lock_zone, plan_import


def import_file(actor: Actor, zone: Zone, text: str) -> tuple[ImportResult, list[Event]]:
    """Make the zone what the file says, as zones.services.import_zone_file, and write it down."""
    with transaction.atomic():
        lock_zone(zone)
        planned = plan_import(zone, text)
        carry_out(zone, planned.changes, planned.serial)
        return planned.result, note_changes(actor, zone, planned.present, planned.changes)


def create(actor: Actor, team: Team, origin: str) -> tuple[Zone, list[Event]]:
    """A new zone, written down."""
    with writing(actor, team, ZONES, None) as going_on:
        zone = create_zone(team, origin)
        going_on.made = zone
    return zone, going_on.events


def note_changes(actor: Actor, zone: Zone, present: Contents, changes: Changes) -> list[Event]:
    """Write down what is being changed in a zone. `present`: at least all that is changed or removed, as it was."""
    events = list(_events(zone, present, changes))
    record(actor, zone.team, events)
    return events


def note_contents(actor: Actor, zone: Zone, before: Contents, after: Contents) -> None:
    """Write down the record sets of a zone that are not after an edit what they were before it."""
    record(actor, zone.team, events_between(zone, before, after))


def events_between(zone: Zone, before: Contents, after: Contents) -> list[Event]:
    """What an edit does to record sets of a zone: of those that are not after it what they were before."""
    keys = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    return [_event(zone, key, before.get(key), after.get(key)) for key in keys]


def _events(zone: Zone, present: Contents, changes: Changes) -> Iterator[Event]:
    for key, records in {**changes.added, **changes.changed}.items():
        yield _event(zone, key, present.get(key), records)
    for key in changes.removed:
        yield _event(zone, key, present[key], None)


def _event(zone: Zone, key: Key, before: Records | None, after: Records | None) -> Event:
    document_key = f"{zone.origin} {key[0]} {key[1]}"
    return Event.of_write(RECORD_SETS.plural, document_key, _document(key, before), _document(key, after))


def _document(key: Key, records: Records | None) -> Document | None:
    return None if records is None else document_of(key, records.ttl_s, [rdata.text for rdata in records.rdatas])
