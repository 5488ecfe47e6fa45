"""An independent answer to "what does this zone say": RFC 1034 section 4.3.2 by plain search over dnspython's zone.

Written for clarity, not speed, and from the RFCs rather than from the responder.
"""

from dataclasses import dataclass, field

import dns.name
import dns.rcode
import dns.rdataset
import dns.rdatatype
import dns.zone
from dns.rdatatype import RdataType

#: (owner, type, sorted rdata text)
RecordSet = tuple[str, str, tuple[str, ...]]

CHAIN_LIMIT = 16


@dataclass
class Answer:
    rcode: int = dns.rcode.NOERROR
    authoritative: bool = True
    answer: list[RecordSet] = field(default_factory=list)
    authority: list[RecordSet] = field(default_factory=list)
    additional: set[RecordSet] = field(default_factory=set)


def record_set(owner: dns.name.Name, rdataset: dns.rdataset.Rdataset) -> RecordSet:
    rdatas = tuple(sorted(str(rdata).lower() for rdata in rdataset))
    return str(owner).lower(), dns.rdatatype.to_text(rdataset.rdtype), rdatas


class Oracle:
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

    def resolve(self, qname: dns.name.Name, rdtype: RdataType) -> Answer:
        answer = Answer()
        asked: list[dns.name.Name] = []
        name: dns.name.Name | None = qname
        while name is not None and name not in asked and len(asked) < CHAIN_LIMIT:
            if not name.is_subdomain(self.origin):
                break
            asked.append(name)
            name = self.look_up(name, rdtype, answer, is_first=len(asked) == 1)
        return answer

    def look_up(
        self, name: dns.name.Name, rdtype: RdataType, answer: Answer, *, is_first: bool
    ) -> dns.name.Name | None:
        """Adds what the zone says of `name`; returns the name to go on with."""
        for ancestor in self.path_to(name):
            is_cut = ancestor != self.origin and self.rdataset(ancestor, dns.rdatatype.NS) is not None
            if is_cut and not (ancestor == name and rdtype == dns.rdatatype.DS):
                self.refer(ancestor, answer, is_first=is_first)
                return None
            dname = self.rdataset(ancestor, dns.rdatatype.DNAME)
            if dname is not None and ancestor != name:
                return self.substitute(name, ancestor, dname, rdtype, answer)
        source = name if name in self.existing else self.wildcard_for(name)
        if source is None:
            answer.rcode = dns.rcode.NXDOMAIN
            self.deny(answer)
            return None
        return self.at_source(name, source, rdtype, answer)

    def wildcard_for(self, name: dns.name.Name) -> dns.name.Name | None:
        encloser = max((ancestor for ancestor in self.path_to(name) if ancestor in self.existing), key=len)
        wildcard = dns.name.Name((b"*", *encloser.labels))
        return wildcard if wildcard in self.existing else None

    def at_source(
        self, name: dns.name.Name, source: dns.name.Name, rdtype: RdataType, answer: Answer
    ) -> dns.name.Name | None:
        found = self.rdataset(source, rdtype)
        if found is not None:
            answer.answer.append(record_set(name, found))
            return None
        cname = self.rdataset(source, dns.rdatatype.CNAME)
        if cname is not None:
            answer.answer.append(record_set(name, cname))
            target: dns.name.Name = cname[0].target
            return target
        self.deny(answer)
        return None

    def substitute(
        self, name: dns.name.Name, owner: dns.name.Name, dname: dns.rdataset.Rdataset, rdtype: RdataType, answer: Answer
    ) -> dns.name.Name | None:
        if record_set(owner, dname) not in answer.answer:
            answer.answer.append(record_set(owner, dname))
        try:
            target = name.relativize(owner).concatenate(dname[0].target)
        except dns.name.NameTooLong:
            answer.rcode = dns.rcode.YXDOMAIN
            return None
        answer.answer.append((str(name), "CNAME", (str(target),)))
        return None if rdtype == dns.rdatatype.CNAME else target

    def refer(self, cut: dns.name.Name, answer: Answer, *, is_first: bool) -> None:
        answer.authoritative = not is_first
        servers = self.rdataset(cut, dns.rdatatype.NS)
        assert servers is not None
        answer.authority.append(record_set(cut, servers))
        for server in servers:
            for rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
                glue = self.rdataset(server.target, rdtype)
                if glue is not None:
                    answer.additional.add(record_set(server.target, glue))

    def deny(self, answer: Answer) -> None:
        soa = self.rdataset(self.origin, dns.rdatatype.SOA)
        assert soa is not None
        answer.authority.append(record_set(self.origin, soa))
