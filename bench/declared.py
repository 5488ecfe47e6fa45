"""A large world declared in Postgres at once: what a year of writes would leave, in seconds (bench.distribution).

Rows are copied, so that Postgres checks each of its constraints; record sets have text and wire as zones.services
would write them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

import dns.name
import psycopg

from zones.rdata import parse_rdata

SERIAL = 1
TTL_S = 300
APEX_TTL_S = 3600
FIRST_ADDRESS = int(IPv4Address("198.18.0.0"))
ADDRESSES = 1 << 17
SOA_TIMERS = "7200 3600 1209600 300"
COPY_ZONES = "COPY zones_zone (team_id, origin, serial, created, updated) FROM STDIN"
COPY_RECORD_SETS = "COPY zones_recordset (zone_id, name, type, ttl_s, rdatas, wire, steered) FROM STDIN"
RECORD_SET_TYPES = ["int8", "text", "text", "int4", "text[]", "bytea[]", "bool"]

RecordSetRow = tuple[int, str, str, int, list[str], list[bytes], bool]


@dataclass(frozen=True, slots=True)
class DeclaredWorld:
    """`zones` zones of `record_sets` record sets each: SOA, NS, and one address a name."""

    zones: int
    record_sets: int

    def origin(self, number: int) -> str:
        return f"z{number:05}.test."

    def label(self, number: int) -> str:
        return f"n{number:03}"

    @property
    def names(self) -> int:
        """Of a zone, without its apex."""
        return self.record_sets - 2

    def address(self, zone: int, name: int) -> IPv4Address:
        """What the name of a zone has at first."""
        return IPv4Address(FIRST_ADDRESS + (zone * self.names + name) % ADDRESSES)

    def declare(self, database_url: str) -> None:
        """Raises psycopg.Error if Postgres refuses it."""
        with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
            (team,) = _one(cursor.execute("SELECT id FROM accounts_team ORDER BY id LIMIT 1"))
            with cursor.copy(COPY_ZONES) as copy:
                for number in range(self.zones):
                    copy.write_row((team, self.origin(number), SERIAL, "now", "now"))
            cursor.execute("SELECT id, origin FROM zones_zone ORDER BY id")
            declared = cursor.fetchall()
            with cursor.copy(COPY_RECORD_SETS + " (FORMAT binary)") as copy:
                copy.set_types(RECORD_SET_TYPES)
                for row in self._record_sets(declared):
                    copy.write_row(row)
            connection.commit()
            connection.autocommit = True
            cursor.execute("ANALYZE zones_zone, zones_recordset")

    def _record_sets(self, declared: list[tuple[int, str]]) -> Iterator[RecordSetRow]:
        for number, (zone, origin) in enumerate(declared):
            soa = f"ns1.{origin} hostmaster.{origin} {SERIAL} {SOA_TIMERS}"
            for type_, text in (("SOA", soa), ("NS", f"ns1.{origin}")):
                rdata = parse_rdata(type_, text, dns.name.from_text(origin))
                yield zone, "@", type_, APEX_TTL_S, [rdata.text], [rdata.wire], False
            for name in range(self.names):
                address = self.address(number, name)
                yield zone, self.label(name), "A", TTL_S, [str(address)], [address.packed], False


def _one(cursor: psycopg.Cursor[tuple[int, ...]]) -> tuple[int, ...]:
    row = cursor.fetchone()
    if row is None:
        raise LookupError("there is no team: `trafficmgr up` makes one before it is ready")
    return row
