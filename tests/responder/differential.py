"""The whole answer beside an oracle over dnspython's view of the same zones. The long run, of which pytest has a share:

python -m tests.responder.differential --seconds 600

random zones ─► responder ─┐
     └─► dnspython ─► oracle ┴─► equal? ─► no: zones without the lines that do not matter, and both answers
"""

import argparse
import random
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
from dns.rdatatype import RdataType

from responder import Health, Snapshot, SnapshotError, respond
from tests.responder.oracle import Answer, Oracle, record_set
from tests.responder.random_zones import APEX, names_to_ask, random_zones
from tests.worlds import World, parse_zone

QUERIES_PER_WORLD = 150
ASKED = [
    dns.rdatatype.from_text(text) for text in ("A", "AAAA", "TXT", "MX", "NS", "CNAME", "DNAME", "DS", "SOA", "SRV")
]
NO_HEALTH = Health()

#: text by origin
Zones = dict[str, str]


@dataclass(frozen=True)
class Difference:
    zones: Zones
    name: dns.name.Name
    rdtype: RdataType
    said: Answer
    expected: Answer

    def __str__(self) -> str:
        zones = "\n".join(f"$ORIGIN {origin}\n{text}" for origin, text in self.zones.items())
        asked = f"{self.name} {dns.rdatatype.to_text(self.rdtype)}"
        return f"{asked}\n  responder: {self.said}\n  oracle:    {self.expected}\nin\n{zones}"


class Compared:
    """Zones that are asked twice: of the responder and of the oracle."""

    def __init__(self, zones: Zones) -> None:
        self.zones = zones
        world = World()
        for origin, text in zones.items():
            world.add_zone(origin, text)
        self.snapshot: Snapshot = world.open()
        self.parsed = [parse_zone(origin, text) for origin, text in zones.items()]
        self.oracle = Oracle(*self.parsed)

    def known_names(self) -> list[dns.name.Name]:
        return sorted({name for zone in self.parsed for name in zone.nodes})

    def difference(self, name: dns.name.Name, rdtype: RdataType) -> Difference | None:
        wire = respond(self.snapshot, NO_HEALTH, query(name, rdtype), "192.0.2.1", tcp=True)
        assert wire is not None
        said, expected = observed(wire), self.oracle.resolve(name, rdtype)
        return None if said == expected else Difference(self.zones, name, rdtype, said, expected)


def query(name: dns.name.Name, rdtype: RdataType) -> bytes:
    """By hand: dnspython takes longer to write a query than the responder to answer it."""
    asked = name.to_wire()
    assert asked is not None
    return struct.pack("!6H", 1, 0, 1, 0, 0, 0) + asked + struct.pack("!2H", rdtype, 1)


def observed(wire: bytes) -> Answer:
    message = dns.message.from_wire(wire)
    return Answer(
        rcode=message.rcode(),
        authoritative=bool(message.flags & dns.flags.AA),
        answer=[record_set(rrset.name, rrset) for rrset in message.answer],
        authority=[record_set(rrset.name, rrset) for rrset in message.authority],
        additional={record_set(rrset.name, rrset) for rrset in message.additional},
    )


def differences(seed: int, queries: int) -> Iterator[Difference]:
    """Of the random world number `seed`."""
    chance = random.Random(seed)
    compared = Compared(random_zones(chance))
    names = names_to_ask(chance, compared.known_names(), list(compared.zones))
    for _ in range(queries):
        found = compared.difference(chance.choice(names), chance.choice(ASKED))
        if found:
            yield found


def minimised(found: Difference) -> Difference:
    """The same question with every zone and line left out that the difference does not need."""
    for smaller in without_one(found.zones):
        again = still(smaller, found)
        if again:
            return minimised(again)
    return found


def without_one(zones: Zones) -> Iterator[Zones]:
    for origin, text in zones.items():
        others = {other: kept for other, kept in zones.items() if other != origin}
        if others:
            yield others
        lines = text.splitlines()
        for line in lines:
            if line not in APEX:
                yield zones | {origin: "\n".join(kept for kept in lines if kept != line)}


def still(zones: Zones, found: Difference) -> Difference | None:
    try:
        return Compared(zones).difference(found.name, found.rdtype)
    except (SnapshotError, dns.exception.DNSException):
        return None


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, help="the first world's number; otherwise the time, so that runs differ")
    arguments = parser.parse_args()
    first = time.time_ns() // 1_000_000 if arguments.seed is None else arguments.seed
    end = time.monotonic() + arguments.seconds
    seed = first
    while time.monotonic() < end:
        for found in differences(seed, QUERIES_PER_WORLD):
            sys.stderr.write(f"differential: FOUND in world {seed}: {minimised(found)}\n")
            return 1
        seed += 1
    worlds = seed - first
    answers = worlds * QUERIES_PER_WORLD
    sys.stdout.write(f"{'differential':12} {answers:>12,} answers      {worlds:,} worlds from {first} on   clean\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
