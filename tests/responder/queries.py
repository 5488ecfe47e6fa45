"""Queries that no library would send, octet by octet."""

import struct
from dataclasses import dataclass

import dns.message
import dns.rcode

from tests.responder.doors import Door

ID = 4711
OPT, EDNS_SIZE = 41, 1232


def question(name: str = "www.z.test.", rdtype: int = 1, rdclass: int = 1) -> bytes:
    wire = dns.name.from_text(name).to_wire()
    assert wire is not None
    return wire + struct.pack("!HH", rdtype, rdclass)


QUESTION = question()


def query_with(*, flags: int = 0, counts: tuple[int, int, int, int] = (1, 0, 0, 0), body: bytes = QUESTION) -> bytes:
    return struct.pack("!HH4H", ID, flags, *counts) + body


def option(code: int, data: bytes = b"") -> bytes:
    return struct.pack("!HH", code, len(data)) + data


def opt(
    *, version: int = 0, options: bytes = b"", owner: bytes = b"\0", flags: int = 0, size: int = EDNS_SIZE
) -> bytes:
    return owner + struct.pack("!HHBBHH", OPT, size, 0, version, flags, len(options)) + options


def query_with_opt(*records: bytes, asked: bytes = QUESTION) -> bytes:
    return query_with(counts=(1, 0, 0, len(records)), body=asked + b"".join(records))


def subnet_option(family: int, source: int, scope: int, address: bytes) -> bytes:
    return option(8, struct.pack("!HBB", family, source, scope) + address)


def answer_to(door: Door, query: bytes, *, tcp: bool = False) -> dns.message.Message:
    """The parsed answer, whose id and "response" bit are checked."""
    wire = door.ask_raw(query, tcp=tcp)
    assert wire is not None
    assert wire[:2] == query[:2]
    assert wire[2] & 0x80
    return dns.message.from_wire(wire)


def rcode_of(door: Door, query: bytes) -> int:
    """The code in the header."""
    wire = door.ask_raw(query)
    assert wire is not None
    assert wire[:2] == query[:2]
    assert wire[2] & 0x80
    return wire[3] & 0x0F


@dataclass(frozen=True)
class Header:
    flags: int
    counts: tuple[int, int, int, int]


def header_of(wire: bytes | None) -> Header:
    assert wire is not None
    _, flags, *counts = struct.unpack("!HH4H", wire[:12])
    return Header(flags, (counts[0], counts[1], counts[2], counts[3]))
