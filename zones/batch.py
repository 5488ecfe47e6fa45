"""Writes to the record sets of one zone, one after the other, that reach the database together.

what stands at their names ─► put, delete, … by the rules of every write, in memory ─► Changes, one serial

Who makes one holds the zone (zones.services.batch).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from zones.contents import (
    INDISPENSABLE,
    SOA_KEY,
    Changes,
    Contents,
    Key,
    RecordRuleError,
    Records,
    changes,
    check_company,
    check_count,
    check_place,
    check_size,
)
from zones.models import MAX_TTL_S, RecordSet, Zone
from zones.names import origin_name, parse_owner
from zones.rdata import canonical_type, parse_rdata, soa_serial, with_soa_serial
from zones.refusals import Refusals, refuse
from zones.serial import is_later


class Written(NamedTuple):
    """What one write made of a record set. None: there is none."""

    key: Key
    before: Records | None
    after: Records | None


class Batch:
    """`present`: the static record sets that stand at the names to be written; `steered`: those that policies answer.

    A write that is refused leaves everything as the writes before it made it. Errors are ValidationError by field.
    """

    proposed: int | None = None
    """The serial that a SOA record among the writes proposes, if it is later than the zone's."""

    def __init__(self, zone: Zone, present: Contents, steered: Iterable[Key]) -> None:
        self.zone = zone
        self.steered = frozenset(steered)
        self._present = present
        self._contents = dict(present)
        self._types: defaultdict[str, set[str]] = defaultdict(set)
        for name, type_ in [*present, *self.steered]:
            self._types[name].add(type_)

    def records(self, key: Key) -> Records | None:
        """What stands there by now."""
        return self._contents.get(key)

    @property
    def changes(self) -> Changes:
        """What all writes together come to."""
        return changes(self._present, self._contents)

    def put(self, name: str, type_: str, ttl_s: int, rdatas: Sequence[str]) -> Written:
        """As zones.services.put_record_set."""
        key, records = read_records(self.zone, name, type_, ttl_s, rdatas)
        self._refuse_company(key)
        proposed, records = take_serial(self.zone.serial if self.proposed is None else self.proposed, key, records)
        self.proposed = self.proposed if proposed is None else proposed
        before = self._contents.get(key)
        self._contents[key] = records
        self._types[key[0]].add(key[1])
        return Written(key, before, records)

    def delete(self, name: str, type_: str) -> Written:
        """As zones.services.delete_record_set."""
        key = read_key(self.zone, name, type_)
        if key in INDISPENSABLE:
            refuse("type", f"a zone needs its {key[1]} records: replace them instead")
        self._refuse_steered(key, "unbind it instead")
        if key not in self._contents:
            raise RecordSet.DoesNotExist(f"There are no {key[1]} records of {key[0]}.")
        self._types[key[0]].discard(key[1])
        return Written(key, self._contents.pop(key), None)

    def _refuse_company(self, key: Key) -> None:
        self._refuse_steered(key, "unbind it first")
        try:
            check_company(*key, self._types[key[0]])
        except RecordRuleError as error:
            refuse("type", str(error))

    def _refuse_steered(self, key: Key, instead: str) -> None:
        if key in self.steered:
            refuse("name", f"a policy answers {key[0]} {key[1]}: {instead}")


def read_key(zone: Zone, name: str, type_: str) -> Key:
    """The one spelling of a name and type. Raises ValidationError."""
    refusals, key = Refusals(), ("", "")
    with refusals.at("name"):
        key = (parse_owner(name, zone.origin), "")
    with refusals.at("type"):
        key = (key[0], canonical_type(type_))
    refusals.raise_any()
    return key


def read_records(zone: Zone, name: str, type_: str, ttl_s: int, texts: Sequence[str]) -> tuple[Key, Records]:
    """A record set as it is written. Raises ValidationError with all that is wrong in itself."""
    key, refusals, rdatas = read_key(zone, name, type_), Refusals(), []
    for text in texts:
        with refusals.at("rdatas"):
            rdatas.append(parse_rdata(key[1], text, origin_name(zone.origin)))
    if not texts:
        refusals.add("rdatas", "give at least one record")
    if not 0 <= ttl_s <= MAX_TTL_S:
        refusals.add("ttl_s", f"a TTL is between 0 and {MAX_TTL_S}")
    records = Records.of(ttl_s, rdatas)
    with refusals.at("type"):
        check_place(*key)
    with refusals.at("rdatas"):
        check_count(*key, len(records.rdatas))
        check_size(*key, records)
    refusals.raise_any()
    return key, records


def take_serial(present: int, key: Key, records: Records) -> tuple[int | None, Records]:
    """The serial that a SOA record proposes, if it is later than the present; and the record with that, to compare."""
    if key != SOA_KEY:
        return None, records
    serial = soa_serial(records.rdatas[0].wire)
    return serial if is_later(serial, present) else None, with_serial(records, present)


def with_serial(soa: Records, serial: int) -> Records:
    return Records(soa.ttl_s, tuple(with_soa_serial(rdata, serial) for rdata in soa.rdatas))
