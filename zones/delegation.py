"""Whether the world finds a zone: what was found, held against what the zone says, to findings that say what to do.

Decides only: zones.delegation_asking asks the parent's and the zone's name servers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Addresses = Mapping[str, frozenset[str]]
"""Name to addresses in presentation format; absolute, lower-case names."""


class Severity(StrEnum):
    """error: some or all resolvers fail. warning: it works, and is fragile. fine: as it should be."""

    ERROR = "error"
    WARNING = "warning"
    FINE = "fine"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is so, and what to do about it; nothing to do where it is as it should be."""

    severity: Severity
    code: str
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Declared:
    """What the zone itself says: its name servers, the addresses it gives them, its serial."""

    origin: str
    nameservers: frozenset[str]
    addresses: Addresses
    serial: int
    has_keys: bool = False

    def is_inside(self, name: str) -> bool:
        """Whether a name is in the zone, so that resolvers need its address from the parent."""
        return name == self.origin or name.endswith(f".{self.origin}")


@dataclass(frozen=True, slots=True)
class Delegation:
    """What the parent's servers say. `servers` are those that were asked; `problem`: why nobody said anything."""

    parent: str = ""
    servers: tuple[str, ...] = ()
    nameservers: frozenset[str] = frozenset()
    glue: Addresses = field(default_factory=dict)
    has_ds: bool = False
    disagreeing: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """What one name server said at one of its addresses. `udp` and `tcp` say why it did not answer; empty: it did."""

    server: str
    address: str
    udp: str = ""
    tcp: str = ""
    is_authoritative: bool = False
    rcode: str = ""
    serial: int | None = None
    nameservers: frozenset[str] = frozenset()
    has_edns: bool = True

    @property
    def place(self) -> str:
        return f"{self.server} ({self.address})"


@dataclass(frozen=True, slots=True)
class Seen:
    """All that was found out. `unresolved` are name servers without an address, with the reason."""

    delegation: Delegation
    answers: tuple[ServerAnswer, ...] = ()
    unresolved: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegistrarLine:
    """One line of what to enter at the registrar: addresses only for names in the zone itself."""

    name: str
    addresses: tuple[str, ...]


def for_registrar(zone: Declared) -> list[RegistrarLine]:
    """What the parent's delegation should be."""
    return [
        RegistrarLine(name, tuple(sorted(zone.addresses.get(name, ()))) if zone.is_inside(name) else ())
        for name in sorted(zone.nameservers)
    ]


def judge(zone: Declared, seen: Seen) -> list[Finding]:
    """Every finding, the worst first; a single fine one where nothing is wrong."""
    found = [*_of_zone(zone), *_of_delegation(zone, seen.delegation), *_of_servers(zone, seen)]
    order = list(Severity)
    return sorted(found, key=lambda finding: order.index(finding.severity)) or [
        Finding(
            Severity.FINE,
            "delegated",
            f"{seen.delegation.parent} delegates {zone.origin} to {_listed(zone.nameservers)}, and each of them "
            f"answers with serial {zone.serial}.",
        )
    ]


def _of_zone(zone: Declared) -> Iterator[Finding]:
    if len(zone.nameservers) < 2:
        yield Finding(
            Severity.WARNING,
            "one-server",
            "The zone has one name server: while it is away, nobody finds the zone.",
            "Add a second NS record of another edge, and enter both at the registrar.",
        )
    for name in sorted(filter(zone.is_inside, zone.nameservers)):
        if not zone.addresses.get(name):
            yield Finding(
                Severity.ERROR,
                "no-address",
                f"{name} is in the zone, and the zone has no address for it.",
                f"Add an A or AAAA record of {name} with the address of your edge.",
            )


def _of_delegation(zone: Declared, delegation: Delegation) -> Iterator[Finding]:
    if delegation.problem:
        yield Finding(
            Severity.ERROR,
            "parent-silent",
            f"The parent of {zone.origin} could not be asked: {delegation.problem}.",
            "Check that this machine reaches the Internet by UDP and TCP port 53, and ask again.",
        )
        return
    if not delegation.nameservers:
        yield Finding(
            Severity.ERROR,
            "not-delegated",
            f"{delegation.parent} does not delegate {zone.origin}",
            f"At the registrar, enter {_listed(zone.nameservers)} as its name servers.",
        )
        return
    yield from _of_names(zone, delegation)
    yield from _of_glue(zone, delegation)
    if delegation.disagreeing:
        yield Finding(
            Severity.WARNING,
            "parents-differ",
            f"The servers of {delegation.parent} do not agree: {_listed(delegation.disagreeing)} say something else.",
            "If the delegation was changed lately, wait for it to reach all of them; else tell the registrar.",
        )
    if delegation.has_ds and not zone.has_keys:
        yield Finding(
            Severity.ERROR,
            "ds-without-keys",
            f"{delegation.parent} has a DS record of {zone.origin}, and the zone is not signed: validating resolvers "
            "refuse every answer.",
            "At the registrar, remove the DS record (turn DNSSEC off).",
        )


def _of_names(zone: Declared, delegation: Delegation) -> Iterator[Finding]:
    missing, foreign = zone.nameservers - delegation.nameservers, delegation.nameservers - zone.nameservers
    if missing:
        yield Finding(
            Severity.WARNING,
            "ns-missing-at-parent",
            f"The zone names {_listed(missing)}, and {delegation.parent} does not.",
            f"At the registrar, add {_listed(missing)}",
        )
    if foreign:
        yield Finding(
            Severity.ERROR,
            "ns-foreign-at-parent",
            f"{delegation.parent} sends resolvers to {_listed(foreign)}, which the zone does not name.",
            f"At the registrar, remove {_listed(foreign)}; or, if they do answer for the zone, add them to its NS "
            "records.",
        )


def _of_glue(zone: Declared, delegation: Delegation) -> Iterator[Finding]:
    for name in sorted(filter(zone.is_inside, delegation.nameservers)):
        said, own = delegation.glue.get(name, frozenset()), zone.addresses.get(name, frozenset())
        if not said:
            yield Finding(
                Severity.ERROR,
                "glue-missing",
                f"{delegation.parent} gives no address of {name}: resolvers cannot find it, as it is in the zone "
                "itself.",
                f"At the registrar, enter {_listed(own) if own else 'its address'} as the address of {name} (glue, "
                "or host record).",
            )
        elif own and said != own:
            yield Finding(
                Severity.ERROR,
                "glue-differs",
                f"{delegation.parent} says that {name} is at {_listed(said)}; the zone says {_listed(own)}.",
                f"At the registrar, make the address of {name} {_listed(own)}.",
            )


def _of_servers(zone: Declared, seen: Seen) -> Iterator[Finding]:
    for name, reason in sorted(seen.unresolved.items()):
        yield Finding(
            Severity.ERROR,
            "unresolved",
            f"{name} has no address: {reason}.",
            f"Give {name} an A or AAAA record where its own zone is, or take it out of the NS records.",
        )
    for answer in seen.answers:
        yield from _of_answer(zone, answer)
    yield from _of_serials(zone, seen.answers)


def _of_answer(zone: Declared, answer: ServerAnswer) -> Iterator[Finding]:
    if answer.udp:
        yield Finding(
            Severity.ERROR,
            "unreachable",
            f"{answer.place} does not answer over UDP: {answer.udp}.",
            "Start the edge, open UDP port 53 to everyone, or correct its address.",
        )
        return
    if answer.rcode != "NOERROR" or not answer.is_authoritative:
        said = answer.rcode if answer.rcode != "NOERROR" else "an answer that is not authoritative"
        yield Finding(
            Severity.ERROR,
            "lame",
            f"{answer.place} does not answer for {zone.origin}: it says {said}.",
            "Have it serve the zone (an edge of this system does so once it is enrolled), or take it out of the NS "
            "records and of the delegation.",
        )
        return
    if answer.tcp:
        yield Finding(
            Severity.WARNING,
            "no-tcp",
            f"{answer.place} does not answer over TCP: {answer.tcp}. Large answers are lost.",
            "Open TCP port 53 to everyone (RFC 7766).",
        )
    if not answer.has_edns:
        yield Finding(
            Severity.WARNING,
            "no-edns",
            f"{answer.place} does not know EDNS: no client subnet reaches it, and answers are cut at 512 octets.",
            "Update that server, or let DNS with EDNS through the firewall before it (RFC 6891).",
        )
    if answer.nameservers != zone.nameservers:
        yield Finding(
            Severity.WARNING,
            "ns-differs",
            f"{answer.place} names {_listed(answer.nameservers)} as name servers; the zone names "
            f"{_listed(zone.nameservers)}",
            "Wait until it has the newest version of the zone; if it is no edge of this system, correct its copy.",
        )


def _of_serials(zone: Declared, answers: Sequence[ServerAnswer]) -> Iterator[Finding]:
    old = [answer for answer in answers if answer.serial not in (None, zone.serial)]
    if old:
        said = ", ".join(f"{answer.place} has {answer.serial}" for answer in old)
        yield Finding(
            Severity.WARNING,
            "serial-differs",
            f"The zone's serial is {zone.serial}; {said}.",
            "Edges follow within a second: ask again, and look at the fleet if it stays so. A server of someone else "
            "has to be given the zone anew.",
        )


def _listed(names: frozenset[str] | Sequence[str]) -> str:
    return ", ".join(sorted(names)) or "none"
