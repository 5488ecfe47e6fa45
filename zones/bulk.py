"""One thing done to many record sets: what it would make of each. Decides and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import dns.name

from zones.contents import INDISPENSABLE, SOA_KEY, Contents, Key, RecordRuleError, Records, check_size
from zones.rdata import RdataError, parse_rdata


class Action(Protocol):
    """What to do to a record set. Raises RdataError or RecordRuleError for one it cannot be done to."""

    @property
    def summary(self) -> str:
        """What was done, to be followed by what it was done to."""
        ...

    def spares(self, key: Key, records: Records) -> bool:
        """Whether the record set is left alone, though it is meant too: its zone could not do without it."""
        ...

    def of(self, key: Key, records: Records, origin: dns.name.Name) -> Records | None:
        """What becomes of it; None: it goes."""
        ...


@dataclass(frozen=True, slots=True)
class SetTtl:
    ttl_s: int

    @property
    def summary(self) -> str:
        return f"TTL set to {self.ttl_s} s"

    def spares(self, _key: Key, _records: Records) -> bool:
        return False

    def of(self, _key: Key, records: Records, _origin: dns.name.Name) -> Records | None:
        return Records(self.ttl_s, records.rdatas)


@dataclass(frozen=True, slots=True)
class Delete:
    @property
    def summary(self) -> str:
        return "Deleted"

    def spares(self, key: Key, _records: Records) -> bool:
        return key in INDISPENSABLE

    def of(self, _key: Key, _records: Records, _origin: dns.name.Name) -> Records | None:
        return None


@dataclass(frozen=True, slots=True)
class Replace:
    """Every occurrence of a text in records becomes another. The SOA record is not for that."""

    old: str
    new: str

    @property
    def summary(self) -> str:
        return f"“{self.old}” replaced by “{self.new}”"

    def spares(self, key: Key, records: Records) -> bool:
        return key == SOA_KEY and any(self.old in rdata.text for rdata in records.rdatas)

    def of(self, key: Key, records: Records, origin: dns.name.Name) -> Records | None:
        rdatas = [
            parse_rdata(key[1], rdata.text.replace(self.old, self.new), origin) if self.old in rdata.text else rdata
            for rdata in records.rdatas
        ]
        replaced = Records.of(records.ttl_s, rdatas)
        check_size(*key, replaced)
        return replaced


@dataclass(slots=True)
class Planned:
    """What an action would make of record sets: those that differ, those it spares, and why it fails at some."""

    desired: dict[Key, Records | None] = field(default_factory=dict)
    spared: list[Key] = field(default_factory=list)
    problems: dict[Key, str] = field(default_factory=dict)


def plan(action: Action, contents: Contents, origin: dns.name.Name) -> Planned:
    """What `action` would make of `contents`."""
    planned = Planned()
    for key, records in contents.items():
        if action.spares(key, records):
            planned.spared.append(key)
            continue
        try:
            made = action.of(key, records, origin)
        except (RdataError, RecordRuleError) as error:
            planned.problems[key] = str(error)
        else:
            if made != records:
                planned.desired[key] = made
    return planned
