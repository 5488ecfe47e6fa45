"""Small worlds for tests: snapshots made from zone text and plain policies, without the control plane."""

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dns.name
import dns.rdatatype
import dns.zone

from responder import Manifest, Snapshot

ALIAS = 65401

#: (owner, type) of a steered record set to the id of its policy
Bindings = Mapping[tuple[str, str], int]


def name_wire(name: dns.name.Name | str) -> bytes:
    """A name as chunks hold it: absolute, lower case, uncompressed."""
    name = dns.name.from_text(name) if isinstance(name, str) else name
    wire = name.canonicalize().to_wire()
    assert wire is not None
    return wire


@dataclass(frozen=True)
class Entry:
    """One entry of a zone chunk; `rdatas` None: steered by `policy`."""

    owner: dns.name.Name
    rdtype: int
    ttl: int
    rdatas: tuple[bytes, ...] | None
    policy: int = 0

    def to_wire(self) -> bytes:
        head = name_wire(self.owner) + struct.pack("!HI", self.rdtype, self.ttl)
        if self.rdatas is None:
            return head + struct.pack("!BI", 1, self.policy)
        sized = (struct.pack("!H", len(rdata)) + rdata for rdata in self.rdatas)
        return head + struct.pack("!BH", 0, len(self.rdatas)) + b"".join(sized)


def alias_line(owner: str, ttl: int, target: str) -> str:
    """An ALIAS record as a line of zone text."""
    rdata = name_wire(target)
    return f"{owner} {ttl} TYPE{ALIAS} \\# {len(rdata)} {rdata.hex()}"


def parse_zone(origin: str, text: str) -> dns.zone.Zone:
    return dns.zone.from_text(text, origin=origin, relativize=False, check_origin=False)


def zone_entries(zone: dns.zone.Zone, steered: Bindings | None = None) -> list[Entry]:
    """The entries of a chunk, sorted as the format wants them."""
    entries = [
        Entry(name, rdataset.rdtype, rdataset.ttl, tuple(rdata.to_wire() for rdata in rdataset))
        for name, node in zone.nodes.items()
        for rdataset in node
    ]
    entries += [
        Entry(dns.name.from_text(owner), dns.rdatatype.from_text(rdtype), 30, None, policy)
        for (owner, rdtype), policy in (steered or {}).items()
    ]
    return sorted(entries, key=lambda entry: (entry.owner, entry.rdtype))


def encode_chunk(origin: str, entries: list[Entry]) -> bytes:
    head = b"TMZ1" + name_wire(origin)
    return head + struct.pack("!I", len(entries)) + b"".join(entry.to_wire() for entry in entries)


def zone_chunk(origin: str, text: str, steered: Bindings | None = None) -> bytes:
    return encode_chunk(origin, zone_entries(parse_zone(origin, text), steered))


def canonical_json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def digest_of(chunk: bytes) -> str:
    return hashlib.sha256(chunk).hexdigest()


def list_of(origin: str) -> str:
    """The number of the zone list that a zone is in."""
    return digest_of(origin.encode())[:2]


def empty_policies() -> dict[str, Any]:
    return {"format": 1, "regions": [], "endpoints": [], "pools": [], "policies": [], "flattened": {}}


@dataclass
class World:
    """What a manifest is made of; `open` makes a snapshot of it."""

    zones: dict[str, bytes] = field(default_factory=dict)
    policies: dict[str, Any] = field(default_factory=empty_policies)
    geo: dict[str, bytes] = field(default_factory=dict)
    generation: int = 1

    def add_zone(self, origin: str, text: str, steered: Bindings | None = None) -> "World":
        self.zones[origin] = zone_chunk(origin, text, steered)
        return self

    def chunks(self) -> dict[str, bytes]:
        policies = canonical_json(self.policies)
        return {digest_of(chunk): chunk for chunk in (*self.zones.values(), policies, *self.geo.values())}

    def manifest(self, **changed: object) -> bytes:
        written = {
            "format": 1,
            "generation": self.generation,
            "created": "2026-11-21T08:00:00Z",
            "zones": {origin: digest_of(chunk) for origin, chunk in self.zones.items()},
            "policies": digest_of(canonical_json(self.policies)),
            "geo": {role: digest_of(chunk) for role, chunk in self.geo.items()},
        }
        return canonical_json(written | changed)

    def lists(self) -> dict[str, bytes]:
        """The zone lists by number."""
        zones: dict[str, dict[str, str]] = {}
        for origin, chunk in self.zones.items():
            zones.setdefault(list_of(origin), {})[origin] = digest_of(chunk)
        return {number: canonical_json(listed) for number, listed in zones.items()}

    def manifest_with_lists(self, **changed: object) -> bytes:
        """In format 2; `lists` are among the chunks then."""
        lists = {number: digest_of(chunk) for number, chunk in self.lists().items()}
        return self.manifest(**({"format": 2, "zones": lists} | changed))

    def chunks_with_lists(self) -> dict[str, bytes]:
        return self.chunks() | {digest_of(chunk): chunk for chunk in self.lists().values()}

    def open(self, previous: Snapshot | None = None) -> Snapshot:
        return Snapshot.open(Manifest(self.manifest()), self.chunks(), previous)


def world_of(origin: str, text: str, steered: Bindings | None = None) -> World:
    return World().add_zone(origin, text, steered)
