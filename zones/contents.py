"""What a zone holds, as plain values with the rules that hold inside one zone.

`ContentsBuilder` takes records one by one, so that who reads them from a file can name the line of the one that
breaks a rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from zones.names import APEX
from zones.rdata import MAX_RECORD_SET_OCTETS, SINGLE_TYPES, Rdata

RECORD_OVERHEAD_OCTETS = 12
"""A record in a message beside its data: a compressed owner, type, class, TTL and length."""

Key = tuple[str, str]
"""Owner relative to the origin, and type."""

SOA_KEY: Key = (APEX, "SOA")
INDISPENSABLE = frozenset({SOA_KEY, (APEX, "NS")})
"""What no zone can do without."""


class Records(NamedTuple):
    """The records of one record set: sorted by wire format, none twice."""

    ttl_s: int
    rdatas: tuple[Rdata, ...]

    @classmethod
    def of(cls, ttl_s: int, rdatas: Iterable[Rdata]) -> Records:
        by_wire = {rdata.wire: rdata for rdata in rdatas}
        return cls(ttl_s, tuple(by_wire[wire] for wire in sorted(by_wire)))

    @property
    def octets(self) -> int:
        return sum(len(rdata.wire) + RECORD_OVERHEAD_OCTETS for rdata in self.rdatas)


Contents = Mapping[Key, Records]


class RecordRuleError(ValueError):
    """A record that cannot stand beside those there are. The message says which rule it breaks."""


class ContentsBuilder:
    """Collects the records of one zone.

    `steered` are the record sets that policies answer: static data must leave them alone.
    """

    def __init__(self, steered: Iterable[Key] = ()) -> None:
        self._ttls_s: dict[Key, int] = {}
        self._rdatas: defaultdict[Key, dict[bytes, Rdata]] = defaultdict(dict)
        self._types: defaultdict[str, set[str]] = defaultdict(set)
        self._steered = frozenset(steered)
        for name, type_ in self._steered:
            self._types[name].add(type_)

    def add(self, name: str, type_: str, ttl_s: int, rdata: Rdata) -> None:
        """Take a record; one that is there already counts once. Raises RecordRuleError.

        Records of one set have one TTL (RFC 2181 section 5.2); where a file says several, the lowest is it.
        """
        key = (name, type_)
        if key in self._steered:
            raise RecordRuleError(f"a policy answers {name} {type_}: unbind it first or leave the record out")
        check_place(name, type_)
        check_company(name, type_, self._types[name])
        self._types[name].add(type_)
        rdatas = self._rdatas[key]
        rdatas[rdata.wire] = rdata
        check_count(name, type_, len(rdatas))
        self._ttls_s[key] = min(ttl_s, self._ttls_s.get(key, ttl_s))

    def build(self) -> dict[Key, Records]:
        """The zone. Raises RecordRuleError if it has no apex, or a record set no message can hold."""
        for type_ in ("SOA", "NS"):
            if (APEX, type_) not in self._rdatas:
                raise RecordRuleError(f"the zone has no {type_} record at its apex")
        built = {key: Records.of(self._ttls_s[key], rdatas.values()) for key, rdatas in self._rdatas.items()}
        for (name, type_), records in built.items():
            check_size(name, type_, records)
        return built


def check_place(name: str, type_: str) -> None:
    if type_ == "SOA" and name != APEX:
        raise RecordRuleError("a SOA record stands at the apex of its zone")
    if type_ == "CNAME" and name == APEX:
        raise RecordRuleError("a CNAME cannot stand at the apex, beside SOA and NS: use ALIAS")


def check_company(name: str, type_: str, others: Iterable[str]) -> None:
    """RFC 2181 section 10.1."""
    beside = sorted(set(others) - {type_})
    if beside and (type_ == "CNAME" or "CNAME" in beside):
        raise RecordRuleError(f"a CNAME stands alone at its name: {name} has {', '.join(sorted({type_, *beside}))}")


def check_count(name: str, type_: str, count: int) -> None:
    if count > 1 and type_ in SINGLE_TYPES:
        raise RecordRuleError(f"there are {count} {type_} records of {name}; there can be one")


def check_size(name: str, type_: str, records: Records) -> None:
    if records.octets > MAX_RECORD_SET_OCTETS:
        raise RecordRuleError(
            f"the {type_} records of {name} have {records.octets} octets; no DNS message holds so much"
        )


class Changes(NamedTuple):
    """What leads from one zone to another."""

    added: dict[Key, Records]
    changed: dict[Key, Records]
    removed: list[Key]

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def changes(present: Contents, desired: Contents) -> Changes:
    return Changes(
        added={key: records for key, records in desired.items() if key not in present},
        changed={key: records for key, records in desired.items() if key in present and records != present[key]},
        removed=[key for key in present if key not in desired],
    )
