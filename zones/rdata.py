"""Records' data: what people write, to one canonical text and the wire format that a snapshot carries.

Text holds absolute, lower-case names; wire is uncompressed and in the canonical form of RFC 4034 section 6.2, so that
equal records are equal octets.
"""

from __future__ import annotations

import socket
from typing import NamedTuple

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

ALIAS = "ALIAS"
ALIAS_NUMBER = 65401
"""Of the private-use range: in a snapshot, and for who writes TYPE65401."""

SINGLE_TYPES = frozenset({"SOA", "CNAME", "DNAME", ALIAS})
"""Types of which a name has one record at most."""

COMMON_TYPES = (
    "A", "AAAA", ALIAS, "CAA", "CNAME", "DNAME", "DS", "HTTPS", "LOC", "MX", "NAPTR", "NS", "PTR", "SOA", "SRV",
    "SSHFP", "SVCB", "TLSA", "TXT",
)  # fmt: skip
"""What forms offer. Any other data type is written by its mnemonic or as TYPE and a number."""

MAX_RECORD_SET_OCTETS = 65_000
"""A DNS message has 65,535 octets; its header, question and an OPT record need some of them."""

ADDRESS_FAMILIES = {"A": socket.AF_INET, "AAAA": socket.AF_INET6}

UTF8_TYPES = frozenset({"TXT", "SPF"})
"""Types whose strings are free text: other characters than ASCII are kept as their UTF-8 octets."""

SHOWN_CHARACTERS = 60


class Rdata(NamedTuple):
    """One record's data."""

    text: str
    wire: bytes


class RdataError(ValueError):
    """Data that is none of its type. The message says what is wrong with which text."""


class UnknownTypeError(ValueError):
    """A type that no zone holds. The message says what to write."""


def canonical_type(text: str) -> str:
    """The mnemonic of a type, or TYPE and its number; raises UnknownTypeError."""
    mnemonic = text.strip().upper()
    if mnemonic in COMMON_TYPES:
        return mnemonic
    try:
        number = dns.rdatatype.from_text(mnemonic)
    except (dns.exception.DNSException, ValueError) as error:
        raise UnknownTypeError(f'unknown type "{text}": write a mnemonic such as AAAA, or TYPE and a number') from error
    if number == dns.rdatatype.NONE or dns.rdatatype.is_metatype(number):
        raise UnknownTypeError(f"{mnemonic} is a type of questions and messages, not of data in a zone")
    return ALIAS if number == ALIAS_NUMBER else dns.rdatatype.to_text(number)


def parse_rdata(type_: str, text: str, origin: dns.name.Name) -> Rdata:
    """Read data of a canonical type; names in it are relative to `origin`. Raises RdataError."""
    address = _address(type_, text)
    if address:
        return address
    if not text.isascii() and type_ not in UTF8_TYPES:
        raise RdataError(f"{_quoted(text)} is not ASCII: write names in their xn-- form")
    if "\n" in text:
        raise RdataError(f"{_quoted(text)} is more than one line: write each record by itself")
    number = _number_read_as(type_)
    try:
        read = dns.rdata.from_text(dns.rdataclass.IN, number, text, origin, relativize=False)
        wire = read.to_digestable()
        canonical = dns.rdata.from_wire(dns.rdataclass.IN, number, wire, 0, len(wire))
    except (dns.exception.DNSException, ValueError, OverflowError) as error:
        raise RdataError(f"{_quoted(text)} is not {type_} data: {_reason(type_, error)}") from error
    return Rdata(canonical.to_text().rstrip(), wire)


def soa_serial(wire: bytes) -> int:
    """The serial of a SOA record: its last five fields are 32-bit numbers, the serial first (RFC 1035 3.3.13)."""
    return int.from_bytes(wire[-20:-16], "big")


def soa_minimum_s(wire: bytes) -> int:
    return int.from_bytes(wire[-4:], "big")


def with_soa_serial(rdata: Rdata, serial: int) -> Rdata:
    """The same SOA record with another serial."""
    fields = rdata.text.split()
    fields[2] = str(serial)
    wire = rdata.wire[:-20] + serial.to_bytes(4, "big") + rdata.wire[-16:]
    return Rdata(" ".join(fields), wire)


def _number_read_as(type_: str) -> dns.rdatatype.RdataType:
    """ALIAS data is one name, as a CNAME's."""
    return dns.rdatatype.CNAME if type_ == ALIAS else dns.rdatatype.from_text(type_)


EXPECTED = {
    "A": "write an IPv4 address such as 192.0.2.1",
    "AAAA": "write an IPv6 address such as 2001:db8::1",
    "MX": "write a preference and a name such as 10 mail",
    "SRV": "write priority, weight, port and a name such as 10 60 5060 sip",
    "SOA": "write two names and five numbers: primary, contact, serial, refresh, retry, expire, minimum",
    "CAA": 'write flags, a tag and a quoted value such as 0 issue "ca.example"',
}


def _address(type_: str, text: str) -> Rdata | None:
    """The data of an address record, the bulk of most zones, at a tenth of the time that dnspython takes."""
    family = ADDRESS_FAMILIES.get(type_)
    if family is None:
        return None
    try:
        wire = socket.inet_pton(family, text)
    except (OSError, ValueError):
        return None  # perhaps written generically
    return Rdata(socket.inet_ntop(family, wire), wire)


def _quoted(text: str) -> str:
    shown = text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
    return f'"{shown}"'


def _reason(type_: str, error: Exception) -> str:
    return EXPECTED.get(type_) or str(error).rstrip(".")
