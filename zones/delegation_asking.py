"""Asks the parent of a zone and its name servers what they say of it. Network only: no database.

resolver ─► the parent's servers ─► delegation, glue, DS ─► addresses of the name servers ─► SOA and NS of each,
                                                                                            over UDP and over TCP

Bounded in time and number, and never sent to an address that belongs to no public network unless that is allowed:
a name server's address is whatever the owner of a name says it is.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

import dns.asyncquery
import dns.asyncresolver
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

from common.special_addresses import is_special
from zones.delegation import Declared, Delegation, Seen, ServerAnswer
from zones.names import absolute_text

T = TypeVar("T")

PORT = 53
LOOKUP_S = 2.0
QUERY_S = 1.5
TRIES = 2
TOTAL_S = 10.0
MOST_SERVERS = 13
MOST_ADDRESSES = 4
"""Of one server: more are not asked."""
PAYLOAD_OCTETS = 1232
FAILURES = (dns.exception.DNSException, OSError, EOFError)
SPECIAL = "its address belongs to no public network; set TRAFFICMGR_PROBE_PRIVATE=1 to ask it all the same"


@dataclass(frozen=True)
class Asker:
    """How one asks: by which resolver, at which port, and whether private addresses too."""

    resolver: dns.asyncresolver.Resolver
    allow_private: bool = False
    port: int = PORT
    query_s: float = QUERY_S

    def may_ask(self, address: str) -> bool:
        return self.allow_private or not is_special(address)


def ask(zone: Declared, *, allow_private: bool) -> Seen:
    """What the world says of a zone, within TOTAL_S. What is silent by then counts as not answering."""
    try:
        resolver = dns.asyncresolver.Resolver()
    except dns.resolver.NoResolverConfiguration as error:
        return Seen(Delegation(problem=f"this machine has no resolver ({error})"))
    return asyncio.run(ask_by(Asker(resolver, allow_private), zone))


async def ask_by(asker: Asker, zone: Declared, total_s: float = TOTAL_S) -> Seen:
    """The same, by a way of asking of one's own."""
    try:
        async with asyncio.timeout(total_s):
            delegation = await _ask_parent(asker, zone.origin)
            return await _ask_servers(asker, zone, delegation)
    except TimeoutError:
        return Seen(Delegation(problem=f"name servers took longer than {total_s:.0f} s to answer"))


async def _ask_parent(asker: Asker, origin: str) -> Delegation:
    if origin == ".":
        return Delegation(problem="the root has no parent")
    try:
        parent, servers = await _parent_of(asker, origin)
    except FAILURES as error:
        return Delegation(problem=f"its name servers were not found ({_reason(error)})")
    found = await asyncio.gather(*(_referral(asker, server, origin) for server in servers))
    said = [(server, each) for server, each in zip(servers, found, strict=True) if isinstance(each, Delegation)]
    if not said:
        problems = "; ".join(sorted({str(each) for each in found})) or "they have no addresses"
        return Delegation(parent, problem=f"the servers of {parent} do not answer ({problems})")
    agreed, _ = Counter(each.nameservers for _, each in said).most_common(1)[0]
    first = next(each for _, each in said if each.nameservers == agreed)
    return replace(
        first,
        parent=parent,
        servers=tuple(address for address, _ in said),
        disagreeing=tuple(address for address, each in said if each.nameservers != agreed),
    )


async def _parent_of(asker: Asker, origin: str) -> tuple[str, list[str]]:
    """The zone above, and addresses of its servers."""
    above = dns.name.from_text(origin).parent()
    parent = await dns.asyncresolver.zone_for_name(above, resolver=asker.resolver)
    answer = await asker.resolver.resolve(parent, "NS", lifetime=LOOKUP_S)
    names = [absolute_text(rdata.target.canonicalize()) for rdata in answer][:MOST_SERVERS]
    found = await asyncio.gather(*(_addresses(asker, name) for name in names))
    addresses = [address for each in found if not isinstance(each, str) for address in each[:1]]
    return absolute_text(parent.canonicalize()), addresses


async def _referral(asker: Asker, address: str, origin: str) -> Delegation | str:
    """The delegation as one of the parent's servers says it, or why it says nothing."""
    name = dns.name.from_text(origin)
    reply = await _query(asker, address, origin, "NS")
    if isinstance(reply, str):
        return f"{address}: {reply}"
    sections = [*reply.answer, *reply.authority]
    servers = _texts(sections, name, dns.rdatatype.NS)
    glue = {
        server: _texts(reply.additional, dns.name.from_text(server), dns.rdatatype.A)
        | _texts(reply.additional, dns.name.from_text(server), dns.rdatatype.AAAA)
        for server in servers
    }
    signed = await _query(asker, address, origin, "DS")
    has_ds = not isinstance(signed, str) and bool(_texts(signed.answer, name, dns.rdatatype.DS))
    return Delegation(nameservers=servers, glue=glue, has_ds=has_ds)


async def _ask_servers(asker: Asker, zone: Declared, delegation: Delegation) -> Seen:
    names = sorted(zone.nameservers | delegation.nameservers)[:MOST_SERVERS]
    found = await asyncio.gather(*(_places(asker, zone, delegation, name) for name in names))
    by_name = dict(zip(names, found, strict=True))
    places = [(name, address) for name, each in by_name.items() if not isinstance(each, str) for address in each]
    unresolved = {name: each for name, each in by_name.items() if isinstance(each, str)}
    answers = await asyncio.gather(*(_answer_of(asker, zone.origin, *place) for place in places))
    return Seen(delegation, tuple(answers), unresolved)


async def _places(asker: Asker, zone: Declared, delegation: Delegation, name: str) -> list[str] | str:
    """Where resolvers find a server: by the parent's glue, by the zone itself, or by asking for its name."""
    if zone.is_inside(name):
        known = delegation.glue.get(name) or zone.addresses.get(name)
        return sorted(known)[:MOST_ADDRESSES] if known else "neither its parent nor the zone gives one"
    return await _addresses(asker, name)


async def _addresses(asker: Asker, name: str) -> list[str] | str:
    """The addresses of a name, or why there are none."""
    found, problem = list[str](), "it has no A and no AAAA record"
    for type_ in ("A", "AAAA"):
        try:
            answer = await asker.resolver.resolve(name, type_, lifetime=LOOKUP_S)
        except dns.resolver.NoAnswer:
            continue
        except FAILURES as error:
            problem = _reason(error)
        else:
            found += sorted(rdata.address for rdata in answer)
    return found[:MOST_ADDRESSES] or problem


async def _answer_of(asker: Asker, origin: str, server: str, address: str) -> ServerAnswer:
    blank = ServerAnswer(server, address)
    name = dns.name.from_text(origin)
    soa, listed, stream = await asyncio.gather(
        _query(asker, address, origin, "SOA"),
        _query(asker, address, origin, "NS"),
        _query(asker, address, origin, "SOA", by_tcp=True),
    )
    if isinstance(soa, str):
        return replace(blank, udp=soa, tcp=stream if isinstance(stream, str) else "")
    own = [rrset for rrset in soa.answer if rrset.name == name and rrset.rdtype == dns.rdatatype.SOA]
    serials = [rdata.serial for rrset in own for rdata in rrset]
    return replace(
        blank,
        tcp=stream if isinstance(stream, str) else "",
        is_authoritative=bool(soa.flags & dns.flags.AA) and bool(serials),
        rcode=dns.rcode.to_text(soa.rcode()),
        serial=serials[0] if serials else None,
        nameservers=frozenset() if isinstance(listed, str) else _texts(listed.answer, name, dns.rdatatype.NS),
        has_edns=soa.edns >= 0,
    )


async def _query(
    asker: Asker, address: str, qname: str, qtype: str, *, by_tcp: bool = False
) -> dns.message.Message | str:
    """The reply of one server to one question, or why there is none."""
    if not asker.may_ask(address):
        return SPECIAL
    query = dns.message.make_query(qname, qtype, use_edns=0, payload=PAYLOAD_OCTETS)
    query.flags &= ~dns.flags.RD

    async def once() -> dns.message.Message:
        if by_tcp:
            return await dns.asyncquery.tcp(query, address, asker.query_s, asker.port)
        reply, _ = await dns.asyncquery.udp_with_fallback(query, address, asker.query_s, asker.port)
        return reply

    return await _tried(once)


async def _tried(once: Callable[[], Awaitable[T]]) -> T | str:
    problem = ""
    for _ in range(TRIES):
        try:
            return await once()
        except FAILURES as error:
            problem = _reason(error)
    return problem


def _texts(section: Iterable[dns.rrset.RRset], name: dns.name.Name, type_: dns.rdatatype.RdataType) -> frozenset[str]:
    """The data of the records of a name and type; names in their one spelling."""
    found = (rdata for rrset in section if rrset.name == name and rrset.rdtype == type_ for rdata in rrset)
    is_name = type_ == dns.rdatatype.NS
    return frozenset(absolute_text(rdata.target.canonicalize()) if is_name else rdata.to_text() for rdata in found)


def _reason(error: Exception) -> str:
    if isinstance(error, dns.exception.Timeout):
        return "no answer in time"
    if isinstance(error, dns.resolver.NoNameservers | dns.resolver.NoRootSOA):
        return "the resolver of this machine does not find them"
    if isinstance(error, dns.resolver.NXDOMAIN):
        return "the name does not exist"
    if isinstance(error, ConnectionRefusedError):
        return "the connection is refused"
    return str(error).rstrip(".") or type(error).__name__
