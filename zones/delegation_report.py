"""The delegation of a zone: what to enter at the registrar, and what is wrong with what is there."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from zones.contents import Key
from zones.delegation import Declared, Finding, RegistrarLine, Seen, for_registrar, judge
from zones.delegation_asking import ask
from zones.models import Zone
from zones.names import APEX
from zones.storage import read_contents

ADDRESS_TYPES = ("A", "AAAA")


@dataclass(frozen=True, slots=True)
class Report:
    """What the world said of a zone, and what follows."""

    zone: Declared
    seen: Seen
    registrar: list[RegistrarLine]
    findings: list[Finding]


def declared(zone: Zone) -> Declared:
    """What the zone says of its own name servers."""
    apex = read_contents(zone, name=APEX, type__in=("NS", "DNSKEY"))
    servers = frozenset(rdata.text for rdata in apex[APEX, "NS"].rdatas) if (APEX, "NS") in apex else frozenset()
    suffix = f".{zone.origin}" if zone.origin != "." else "."
    owners = {server.removesuffix(suffix): server for server in servers if server.endswith(suffix)}
    addresses: defaultdict[str, set[str]] = defaultdict(set)
    for key, records in read_contents(zone, name__in=list(owners), type__in=ADDRESS_TYPES).items():
        addresses[owners[key[0]]].update(rdata.text for rdata in records.rdatas)
    known = {name: frozenset(found) for name, found in addresses.items()}
    keys: Key = (APEX, "DNSKEY")
    return Declared(zone.origin, servers, known, zone.serial, has_keys=keys in apex)


def report(zone: Declared, *, allow_private: bool) -> Report:
    """Ask the world and judge what it says. Takes up to ten seconds and reads no database."""
    seen = ask(zone, allow_private=allow_private)
    return Report(zone, seen, for_registrar(zone), judge(zone, seen))
