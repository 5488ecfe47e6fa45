"""Random zones, answered by the responder and by an oracle over dnspython's own view of the same zone file."""

import random

import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.zone
import pytest

from responder import Health, respond
from tests.responder.oracle import Answer, Oracle, record_set
from tests.worlds import parse_zone, world_of

ORIGIN = "z.test."
ZONES = 150
QUERIES_PER_ZONE = 120
LABELS = ["a", "b", "c", "*", "ns"]
#: more than one label deep, so that empty non-terminals, names below cuts and below DNAMEs are common
DEPTHS = [1, 1, 2, 2, 3]
ASKED = ["A", "AAAA", "TXT", "MX", "NS", "CNAME", "DNAME", "DS", "SOA", "SRV"]


def random_name(chance: random.Random, labels: list[str]) -> str:
    return ".".join(chance.choice(labels) for _ in range(chance.choice(DEPTHS)))


def random_zone_text(chance: random.Random) -> str:
    """A zone that holds every rule of the chunk format, and few rules beyond."""
    lines = {"@ 3600 SOA ns host 1 7200 900 1209600 300", "@ 3600 NS ns", "@ 60 MX 10 a"}
    owners = sorted({random_name(chance, LABELS) for _ in range(chance.randint(3, 25))})
    for owner in owners:
        lines.update(random_records(chance, owner, owners))
    return "\n".join(sorted(lines))


def random_records(chance: random.Random, owner: str, owners: list[str]) -> list[str]:
    target = chance.choice([*owners, random_name(chance, LABELS), "www.example.net."])
    octet = chance.randint(1, 250)
    kind = chance.random()
    if kind < 0.2:
        return [f"{owner} 60 CNAME {target}"]
    if kind < 0.3 and "*" not in owner:
        return [f"{owner} 60 DNAME {target}", f'{owner} 60 TXT "beside"']
    if kind < 0.45 and "*" not in owner:
        servers = chance.sample([f"ns.{owner}", "ns", target], k=2)
        return [f"{owner} 60 NS {server}" for server in servers] + [f"{owner} 60 DS 1 13 1 {octet:040x}"]
    records = [f"{owner} 60 A 192.0.2.{octet}", f"{owner} 60 A 192.0.2.{octet + 1}"]
    extra = [f"{owner} 60 AAAA 2001:db8::{octet:x}", f'{owner} 60 TXT "{octet}"', f"{owner} 60 MX 10 {target}"]
    return records + chance.sample(extra, k=chance.randint(0, 3))


def observed(wire: bytes) -> Answer:
    message = dns.message.from_wire(wire)
    return Answer(
        rcode=message.rcode(),
        authoritative=bool(message.flags & dns.flags.AA),
        answer=[record_set(rrset.name, rrset) for rrset in message.answer],
        authority=[record_set(rrset.name, rrset) for rrset in message.authority],
        additional={record_set(rrset.name, rrset) for rrset in message.additional},
    )


def asked_names(chance: random.Random, zone: dns.zone.Zone) -> list[dns.name.Name]:
    known = sorted(zone.nodes)
    below = [dns.name.Name((b"x", *name.labels)) for name in known]
    labels = [*LABELS, "x"]
    fresh = [dns.name.from_text(f"{random_name(chance, labels)}.{ORIGIN}") for _ in known]
    return [*known, *below, *fresh]


@pytest.mark.parametrize("seed", range(ZONES))
def test_the_responder_says_what_the_zone_file_says(seed: int) -> None:
    chance = random.Random(seed)
    text = random_zone_text(chance)
    snapshot = world_of(ORIGIN, text).open()
    zone = parse_zone(ORIGIN, text)
    oracle = Oracle(zone)
    names = asked_names(chance, zone)
    for _ in range(QUERIES_PER_ZONE):
        name, rdtype = chance.choice(names), dns.rdatatype.from_text(chance.choice(ASKED))
        query = dns.message.make_query(name, rdtype)
        wire = respond(snapshot, Health(), query.to_wire(), "192.0.2.1", tcp=True)
        assert wire is not None
        expected = oracle.resolve(name, rdtype)
        assert observed(wire) == expected, f"{name} {dns.rdatatype.to_text(rdtype)} in\n{text}"
