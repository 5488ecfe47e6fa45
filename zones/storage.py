"""Contents of a zone, from and to the table of record sets.

A zone may have a hundred thousand record sets: many at once go in by COPY and out by one DELETE. With a model instance
for each, 100,000 of them took 16 s to write instead of 3.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db import connection
from django.db.models import QuerySet
from psycopg import sql

from zones.contents import Contents, Key, Records
from zones.models import RecordSet, Zone
from zones.rdata import Rdata

TABLE = sql.Identifier(RecordSet._meta.db_table)
COPY = sql.SQL("COPY {} (zone_id, name, type, ttl_s, rdatas, wire, steered) FROM STDIN").format(TABLE)
DELETE = sql.SQL(
    "DELETE FROM {} WHERE zone_id = %s AND NOT steered"
    " AND (name, type) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"
).format(TABLE)
CHUNK = 5000


def read_contents(zone: Zone, **wanted: object) -> dict[Key, Records]:
    """The static record sets of a zone, or those of them whose columns are as `wanted`."""
    return contents_of(zone.record_sets.filter(**wanted))


def contents_of(found: QuerySet[RecordSet]) -> dict[Key, Records]:
    """The static ones of record sets of one zone."""
    columns = found.filter(steered=False).order_by().values_list("name", "type", "ttl_s", "rdatas", "wire")
    return {
        (name, type_): Records(ttl_s, tuple(map(Rdata, texts, map(bytes, wire))))
        for name, type_, ttl_s, texts, wire in columns.iterator(chunk_size=CHUNK)
    }


def read_record_sets(zone: Zone, keys: Collection[Key]) -> dict[Key, Records]:
    """Those of the static record sets with these keys that there are."""
    found = read_contents(zone, name__in={name for name, _ in keys})
    return {key: records for key, records in found.items() if key in keys}


def write_records(zone: Zone, key: Key, records: Records) -> None:
    """Create or replace one static record set."""
    write_contents(zone, [], {key: records})


def write_contents(zone: Zone, removed: Collection[Key], written: Contents) -> None:
    """Delete some static record sets, and create or replace others, which keep their ids. For some thousands."""
    if removed:
        names, types = zip(*removed, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(DELETE, [zone.pk, list(names), list(types)])
    rows = (
        RecordSet(
            zone=zone,
            name=name,
            type=type_,
            ttl_s=records.ttl_s,
            rdatas=[rdata.text for rdata in records.rdatas],
            wire=[rdata.wire for rdata in records.rdatas],
        )
        for (name, type_), records in written.items()
    )
    RecordSet.objects.bulk_create(
        rows,
        batch_size=CHUNK,
        update_conflicts=True,
        unique_fields=["zone", "name", "type"],
        update_fields=["ttl_s", "rdatas", "wire"],
    )


def replace_contents(zone: Zone, removed: Iterable[Key], written: Contents) -> None:
    """Delete some static record sets and write others, which may be there already and get new ids. For any number."""
    keys = [*removed, *written]
    names, types = zip(*keys, strict=True) if keys else ((), ())
    with connection.cursor() as cursor:
        cursor.execute(DELETE, [zone.pk, list(names), list(types)])
        with cursor.copy(COPY) as copy:
            for (name, type_), (ttl_s, rdatas) in written.items():
                texts, wire = zip(*rdatas, strict=True)
                copy.write_row((zone.pk, name, type_, ttl_s, list(texts), list(wire), False))
