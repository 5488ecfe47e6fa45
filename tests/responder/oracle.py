"""An independent answer to "what do these zones say": RFC 1034 section 4.3.2 by plain search over dnspython's zones.

Written for clarity, not speed, and from the RFCs rather than from the responder.
"""

from dataclasses import dataclass, field

import dns.name
import dns.rcode
import dns.rdataset
import dns.rdatatype
import dns.zone
from dns.rdatatype import RdataType

#: (owner, type, TTL, sorted rdata text)
RecordSet = tuple[str, str, int, tuple[str, ...]]

CHAIN_LIMIT = 16


@dataclass
class Answer:
    rcode: int = dns.rcode.NOERROR
    authoritative: bool = True
    answer: list[RecordSet] = field(default_factory=list)
    authority: list[RecordSet] = field(default_factory=list)
    additional: set[RecordSet] = field(default_factory=set)


def record_set(owner: dns.name.Name, rdataset: dns.rdataset.Rdataset, ttl: int | None = None) -> RecordSet:
    """With the TTL of the records, unless the answer gives them another."""
    rdatas = tuple(sorted(str(rdata).lower() for rdata in rdataset))
    ttl = rdataset.ttl if ttl is None else ttl
    return str(owner).lower(), dns.rdatatype.to_text(rdataset.rdtype), ttl, rdatas


class ZoneView:
    """One zone, and which names exist in it."""

    def __init__(self, zone: dns.zone.Zone) -> None:
        assert zone.origin is not None
        self.zone = zone
        self.origin = zone.origin
        self.existing = {ancestor for name in zone.nodes for ancestor in self.path_to(name)}

    def path_to(self, name: dns.name.Name) -> list[dns.name.Name]:
        """The origin, and every name from there down to `name`."""
        depths = range(len(self.origin.labels), len(name.labels) + 1)
        return [name.split(depth)[1] for depth in depths]

    def rdataset(self, name: dns.name.Name, rdtype: RdataType) -> dns.rdataset.Rdataset | None:
        return self.zone.get_rdataset(name, rdtype)

    def wildcard_for(self, name: dns.name.Name) -> dns.name.Name | None:
        encloser = max((ancestor for ancestor in self.path_to(name) if ancestor in self.existing), key=len)
        wildcard = dns.name.Name((b"*", *encloser.labels))
        return wildcard if wildcard in self.existing else None

    def hides(self, name: dns.name.Name) -> bool:
        """Whether the name is at or below a cut, or below a DNAME."""
        return any(
            (ancestor != self.origin and self.rdataset(ancestor, dns.rdatatype.NS) is not None)
            or (ancestor != name and self.rdataset(ancestor, dns.rdatatype.DNAME) is not None)
            for ancestor in self.path_to(name)
        )


class Oracle:
    """Answers from all of its zones: chains go from one to another."""

    def __init__(self, *zones: dns.zone.Zone) -> None:
        self.zones = [ZoneView(zone) for zone in zones]

    def zone_of(self, name: dns.name.Name, rdtype: RdataType) -> ZoneView | None:
        """The deepest zone; of a DS at its apex the one above, if that is here too (RFC 4035 section 3.1.4.1)."""
        around = [zone for zone in self.zones if name.is_subdomain(zone.origin)]
        around.sort(key=lambda zone: len(zone.origin.labels))
        if rdtype == dns.rdatatype.DS and len(around) > 1 and around[-1].origin == name:
            around.pop()
        return around[-1] if around else None

    def resolve(self, qname: dns.name.Name, rdtype: RdataType) -> Answer:
        answer = Answer()
        asked: list[dns.name.Name] = []
        name: dns.name.Name | None = qname
        while name is not None and name not in asked and len(asked) < CHAIN_LIMIT:
            zone = self.zone_of(name, rdtype)
            if zone is None:
                break
            asked.append(name)
            name = look_up(zone, name, rdtype, answer, is_first=len(asked) == 1)
        if not asked:
            return Answer(rcode=dns.rcode.REFUSED, authoritative=False)
        self.bring_along(answer)
        return answer

    def bring_along(self, answer: Answer) -> None:
        """Addresses of the hosts that the answer names, where a zone has authority over them."""
        named = [rdatas for _, rdtype, _, rdatas in answer.answer if rdtype in {"MX", "NS", "SRV"}]
        for host in (dns.name.from_text(rdata.split()[-1]) for rdatas in named for rdata in rdatas):
            zone = self.zone_of(host, dns.rdatatype.A)
            if zone is not None and not zone.hides(host):
                bring_host(zone, host, answer)


def look_up(
    zone: ZoneView, name: dns.name.Name, rdtype: RdataType, answer: Answer, *, is_first: bool
) -> dns.name.Name | None:
    """Adds what the zone says of `name`; returns the name to go on with."""
    for ancestor in zone.path_to(name):
        is_cut = ancestor != zone.origin and zone.rdataset(ancestor, dns.rdatatype.NS) is not None
        if is_cut and not (ancestor == name and rdtype == dns.rdatatype.DS):
            refer(zone, ancestor, answer, is_first=is_first)
            return None
        dname = zone.rdataset(ancestor, dns.rdatatype.DNAME)
        if dname is not None and ancestor != name:
            return substitute(name, ancestor, dname, rdtype, answer)
    source = name if name in zone.existing else zone.wildcard_for(name)
    if source is None:
        answer.rcode = dns.rcode.NXDOMAIN
        deny(zone, answer)
        return None
    return at_source(zone, name, source, rdtype, answer)


def at_source(
    zone: ZoneView, name: dns.name.Name, source: dns.name.Name, rdtype: RdataType, answer: Answer
) -> dns.name.Name | None:
    found = zone.rdataset(source, rdtype)
    if found is not None:
        # A chain can lead back to the DNAME that it came by, which is said once.
        if record_set(name, found) not in answer.answer:
            answer.answer.append(record_set(name, found))
        return None
    cname = zone.rdataset(source, dns.rdatatype.CNAME)
    if cname is not None:
        answer.answer.append(record_set(name, cname))
        target: dns.name.Name = cname[0].target
        return target
    deny(zone, answer)
    return None


def bring_host(zone: ZoneView, host: dns.name.Name, answer: Answer) -> None:
    source = host if host in zone.existing else zone.wildcard_for(host)
    for rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
        addresses = zone.rdataset(source, rdtype) if source is not None else None
        if addresses is not None:
            answer.additional.add(record_set(host, addresses))


def substitute(
    name: dns.name.Name, owner: dns.name.Name, dname: dns.rdataset.Rdataset, rdtype: RdataType, answer: Answer
) -> dns.name.Name | None:
    if record_set(owner, dname) not in answer.answer:
        answer.answer.append(record_set(owner, dname))
    try:
        target = name.relativize(owner).concatenate(dname[0].target)
    except dns.name.NameTooLong:
        answer.rcode = dns.rcode.YXDOMAIN
        return None
    # RFC 6672 section 3.1: with the TTL of the DNAME.
    answer.answer.append((str(name).lower(), "CNAME", dname.ttl, (str(target).lower(),)))
    return None if rdtype == dns.rdatatype.CNAME else target


def refer(zone: ZoneView, cut: dns.name.Name, answer: Answer, *, is_first: bool) -> None:
    answer.authoritative = not is_first
    servers = zone.rdataset(cut, dns.rdatatype.NS)
    assert servers is not None
    answer.authority.append(record_set(cut, servers))
    for server in servers:
        for rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
            glue = zone.rdataset(server.target, rdtype)
            if glue is not None:
                answer.additional.add(record_set(server.target, glue))


def deny(zone: ZoneView, answer: Answer) -> None:
    soa = zone.rdataset(zone.origin, dns.rdatatype.SOA)
    assert soa is not None
    # RFC 2308 section 5.
    answer.authority.append(record_set(zone.origin, soa, ttl=min(soa.ttl, soa[0].minimum)))
