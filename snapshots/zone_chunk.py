"""Writes zone chunks, version 1 (docs/snapshot-format.md)."""

from __future__ import annotations

import struct

import dns.exception
import dns.name
import dns.rdatatype

from snapshots.declared import DeclaredRecordSet, DeclaredZone

MAGIC = b"TMZ1"
ALIAS_TYPE = 65401
STATIC, STEERED = 0, 1
SERIAL_AT = slice(-20, -16)
"""Of a SOA's rdata: its last five fields are 32-bit numbers, the serial first (RFC 1035 section 3.3.13)."""

CanonicalKey = tuple[tuple[bytes, ...], int]


class UncompilableZoneError(ValueError):
    """A record set that no zone chunk can hold. The message names the zone and the record set."""


def zone_chunk(zone: DeclaredZone) -> bytes:
    """The chunk of a zone with its record sets. Raises UncompilableZoneError."""
    origin = dns.name.from_text(zone.origin)
    entries = sorted(_entry(zone, origin, record_set) for record_set in zone.record_sets)
    head = MAGIC + origin.to_digestable() + struct.pack("!I", len(entries))
    return head + b"".join(octets for _key, octets in entries)


def _entry(zone: DeclaredZone, origin: dns.name.Name, record_set: DeclaredRecordSet) -> tuple[CanonicalKey, bytes]:
    try:
        owner = dns.name.from_text(record_set.name, origin)
        type_ = _type_number(record_set.type)
        octets = owner.to_digestable() + struct.pack("!HI", type_, record_set.ttl_s) + _content(zone, record_set)
    except (dns.exception.DNSException, struct.error) as error:
        raise UncompilableZoneError(f"zone {zone.origin}: {record_set.name} {record_set.type}: {error}") from error
    return (owner.labels[::-1], type_), octets


def _content(zone: DeclaredZone, record_set: DeclaredRecordSet) -> bytes:
    if record_set.steered:
        return struct.pack("!BI", STEERED, record_set.policy or 0)  # 0 is no policy's id: readers refuse it
    rdatas = record_set.wire
    if record_set.type == "SOA":
        rdatas = [_with_serial(rdata, zone.serial) for rdata in rdatas]
    return struct.pack("!BH", STATIC, len(rdatas)) + b"".join(_sized(rdata) for rdata in rdatas)


def _type_number(type_: str) -> int:
    return ALIAS_TYPE if type_ == "ALIAS" else int(dns.rdatatype.from_text(type_))


def _with_serial(soa: bytes, serial: int) -> bytes:
    octets = bytearray(soa)
    octets[SERIAL_AT] = struct.pack("!I", serial)
    return bytes(octets)


def _sized(rdata: bytes) -> bytes:
    return struct.pack("!H", len(rdata)) + bytes(rdata)
