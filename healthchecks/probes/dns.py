"""DNS: one question, over UDP and, if the answer is truncated, again over TCP (RFC 7766 section 5).

query (random id, random port) ──► reply from there, with that id ──► same question? ──► rcode ──► records
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection
from functools import cached_property

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from pydantic import Field, ValidationInfo, field_validator

from healthchecks.probes import udp
from healthchecks.probes.base import Peer, Probe, ProbeError, Seen
from healthchecks.probes.names import HostName
from healthchecks.probes.tls import connected

EDNS_PAYLOAD = 1232
"""DNS flag day 2020: arrives without being fragmented."""

Records = frozenset[dns.rdata.Rdata]

MAX_ID = 65536
UNANSWERABLE = {"OPT", "TSIG", "TKEY", "AXFR", "IXFR", "ANY", "NONE", "TYPE0"}


class DnsProbe(Probe):
    name: HostName = Field(description="What is asked for.")
    type: str = Field("A", max_length=16)
    rcode: str = Field("NOERROR", max_length=16, description="Expected; NXDOMAIN, REFUSED and so on.")
    answers: list[str] | None = Field(
        None, min_length=1, max_length=64, description="The records there must be and no other, one a line."
    )
    contains: list[str] | None = Field(
        None, min_length=1, max_length=64, description="Records that must be among them, one a line."
    )
    nodata: bool = Field(False, description="There must be no record of the type.")

    @field_validator("name")
    @classmethod
    def is_name(cls, name: str) -> str:
        try:
            dns.name.from_text(name)
        except dns.exception.DNSException as error:
            raise ValueError(f"{name!r} is no name: {error}") from error
        return name

    @field_validator("type")
    @classmethod
    def is_type(cls, type_: str) -> str:
        try:
            known = dns.rdatatype.to_text(dns.rdatatype.from_text(type_))
        except (dns.exception.DNSException, ValueError) as error:
            raise ValueError(f"{type_!r} is no type of records: use A, AAAA, SOA and so on") from error
        if known in UNANSWERABLE:
            raise ValueError(f"{known} is no type of records that are answered")
        return known

    @field_validator("rcode")
    @classmethod
    def is_rcode(cls, rcode: str) -> str:
        try:
            return dns.rcode.to_text(dns.rcode.from_text(rcode))
        except (dns.exception.DNSException, ValueError) as error:
            raise ValueError(f"{rcode!r} is no rcode: use NOERROR, NXDOMAIN, REFUSED and so on") from error

    @field_validator("answers", "contains")
    @classmethod
    def are_records(cls, records: list[str] | None, info: ValidationInfo) -> list[str] | None:
        if records and "type" in info.data:
            _records(info.data["type"], records)
        return records

    @field_validator("nodata")
    @classmethod
    def contradicts_nothing(cls, nodata: bool, info: ValidationInfo) -> bool:
        if nodata and (info.data.get("answers") or info.data.get("contains")):
            raise ValueError("no record and some of them cannot be expected at once")
        return nodata

    @cached_property
    def expected(self) -> Records | None:
        if self.nodata:
            return frozenset()
        return _records(self.type, self.answers) if self.answers else None

    @cached_property
    def wanted(self) -> Records:
        return _records(self.type, self.contains or [])

    async def attempt(self, peer: Peer) -> Seen:
        query = dns.message.make_query(
            dns.name.from_text(self.name), self.type, use_edns=0, payload=EDNS_PAYLOAD, id=secrets.randbelow(MAX_ID)
        )
        reply = await _ask_udp(peer, query)
        if reply.flags & dns.flags.TC:
            reply = await _ask_tcp(peer, query)
        return Seen(self._judge(reply))

    def _judge(self, reply: dns.message.Message) -> str:
        rcode = dns.rcode.to_text(reply.rcode())
        if rcode != self.rcode:
            raise ProbeError(f"{rcode}, expected {self.rcode}")
        type_ = dns.rdatatype.from_text(self.type)
        found = frozenset(record for rrset in reply.answer if rrset.rdtype == type_ for record in rrset)
        self._require(found)
        return f"{rcode}, {len(found)} records"

    def _require(self, found: Records) -> None:
        if self.expected is not None and found != self.expected:
            raise ProbeError(f"answered {_shown(found)}, expected {_shown(self.expected)}")
        if missing := self.wanted - found:
            raise ProbeError(f"answered {_shown(found)}, without {_shown(missing)}")
        if self.expected is None and self.rcode == "NOERROR" and not found:
            raise ProbeError(f"no {self.type} record")


def _records(type_: str, texts: Collection[str]) -> Records:
    try:
        return frozenset(
            dns.rdata.from_text("IN", type_, text, relativize=False, origin=dns.name.root) for text in texts
        )
    except (dns.exception.DNSException, ValueError) as error:
        raise ValueError(f"not {type_} records: {error}") from error


async def _ask_udp(peer: Peer, query: dns.message.Message) -> dns.message.Message:
    """A connected socket hears of nobody else. What does not repeat the id may be forged, and is not an answer."""
    loop = asyncio.get_running_loop()
    with udp.connected(peer) as connection:
        connection.send(query.to_wire())
        while True:
            datagram = await loop.sock_recv(connection, udp.MAX_DATAGRAM)
            if datagram[:2] == query.id.to_bytes(2):
                return _read(datagram, query)


async def _ask_tcp(peer: Peer, query: dns.message.Message) -> dns.message.Message:
    async with connected(peer, None, "") as (reader, writer):
        wire = query.to_wire()
        writer.write(len(wire).to_bytes(2) + wire)
        try:
            length = int.from_bytes(await reader.readexactly(2))
            return _read(await reader.readexactly(length), query)
        except asyncio.IncompleteReadError as error:
            raise ProbeError("truncated over UDP, and the connection by TCP was closed") from error


def _read(wire: bytes, query: dns.message.Message) -> dns.message.Message:
    try:
        reply = dns.message.from_wire(wire, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError) as error:
        raise ProbeError(f"not a DNS answer: {error or type(error).__name__}") from error
    if not query.is_response(reply):
        raise ProbeError("not an answer to the question")
    return reply


def _shown(records: Collection[dns.rdata.Rdata]) -> str:
    return ", ".join(sorted(record.to_text() for record in records)) or "nothing"
