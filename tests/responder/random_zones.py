"""Random zones in which every rule of an authoritative answer meets every other, and names to ask them for."""

import random

import dns.name

#: beside one another, one below the other: chains and delegations lead from zone to zone
ORIGINS = ["z.test.", "c.z.test.", "y.test."]
#: few, so that names meet; the long one makes names that a DNAME cannot lengthen any more
LABELS = ["a", "b", "c", "*", "ns"]
LONG_LABEL = "l" * 63
#: more than one label deep, so that empty non-terminals, names below cuts and below DNAMEs are common
DEPTHS = [1, 1, 2, 2, 3]
APEX = ["@ 3600 SOA ns host 1 7200 900 1209600 300", "@ 3600 NS ns"]


def random_name(chance: random.Random, labels: list[str]) -> str:
    name = ".".join(chance.choice(labels) for _ in range(chance.choice(DEPTHS)))
    return f"{LONG_LABEL}.{name}" if chance.random() < 0.02 else name


def random_zones(chance: random.Random) -> dict[str, str]:
    """Zone text by origin: one zone to three."""
    origins = ORIGINS[:1] + [origin for origin in ORIGINS[1:] if chance.random() < 0.5]
    return {origin: random_zone_text(chance, origins) for origin in origins}


def random_zone_text(chance: random.Random, origins: list[str]) -> str:
    """A zone that holds every rule of the chunk format, and few rules beyond."""
    lines = {*APEX, "@ 60 MX 10 a"}
    owners = sorted({random_name(chance, LABELS) for _ in range(chance.randint(3, 25))})
    for owner in owners:
        lines.update(random_records(chance, owner, random_target(chance, owners, origins)))
    return "\n".join(sorted(lines))


def random_target(chance: random.Random, owners: list[str], origins: list[str]) -> str:
    elsewhere = f"{random_name(chance, LABELS)}.{chance.choice(origins)}"
    return chance.choice([*owners, random_name(chance, LABELS), elsewhere, elsewhere, "www.example.net."])


def random_records(chance: random.Random, owner: str, target: str) -> list[str]:
    octet = chance.randint(1, 250)
    kind = chance.random()
    if kind < 0.2:
        return [f"{owner} 60 CNAME {target}"]
    if kind < 0.3 and "*" not in owner:
        if chance.random() < 0.1:
            target = ".".join([LONG_LABEL] * 3)
        return [f"{owner} 60 DNAME {target}", f'{owner} 60 TXT "beside"']
    if kind < 0.45 and "*" not in owner:
        servers = chance.sample([f"ns.{owner}", "ns", target], k=2)
        return [f"{owner} 60 NS {server}" for server in servers] + [f"{owner} 60 DS 1 13 1 {octet:040x}"]
    records = [f"{owner} 60 A 192.0.2.{octet}", f"{owner} 60 A 192.0.2.{octet + 1}"]
    extra = [f"{owner} 60 AAAA 2001:db8::{octet:x}", f'{owner} 60 TXT "{octet}"', f"{owner} 60 MX 10 {target}"]
    return records + chance.sample(extra, k=chance.randint(0, 3))


def names_to_ask(chance: random.Random, known: list[dns.name.Name], origins: list[str]) -> list[dns.name.Name]:
    """The names there are, names below them, and others; some in another case."""
    labels = [*LABELS, "x"]
    below = [dns.name.Name((b"x", *name.labels)) for name in known if len(name.labels) < 100]
    fresh = [dns.name.from_text(f"{random_name(chance, labels)}.{chance.choice(origins)}") for _ in known]
    names = [*known, *below, *fresh]
    return [shouted(name) if chance.random() < 0.1 else name for name in names]


def shouted(name: dns.name.Name) -> dns.name.Name:
    return dns.name.Name(label.upper() for label in name.labels)
