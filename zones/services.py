"""Every write to zones.

Each locks its zone's row first, so that writers of one zone take turns and its serial never repeats.

Errors about a field are `ValidationError({field: [messages]})`; a zone file that cannot be taken is a ZoneFileError.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from django.db import transaction

from accounts.models import Team
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
from zones.names import APEX, origin_name, parse_absolute, parse_origin, parse_owner
from zones.rdata import canonical_type, parse_rdata, soa_serial, with_soa_serial
from zones.refusals import Refusals, refuse
from zones.serial import following, is_later
from zones.storage import read_contents, replace_contents, write_records
from zones.zonefile import parse_zone_file, print_zone_file

APEX_TTL_S = 3600
SOA_TIMERS = "7200 3600 1209600 300"
"""Refresh, retry, expire and minimum in seconds (RFC 1912 section 2.2; the minimum is how long a "no" is kept)."""


class ImportResult(NamedTuple):
    """How many record sets an import added, changed and removed."""

    added: int
    changed: int
    removed: int


def create_zone(
    team: Team, origin: str, *, nameservers: Sequence[str] | None = None, contact: str | None = None
) -> Zone:
    """A zone with its SOA and NS records.

    `nameservers` are names relative to the origin, default `ns1`; `contact` is a mail address or its domain name form
    (RFC 1035 section 8), default `hostmaster`.
    """
    zone = _new_zone(team, origin)
    refusals = Refusals()
    servers = []
    for server in nameservers or ["ns1"]:
        with refusals.at("nameservers"):
            servers.append(parse_absolute(server, zone.origin))
    with refusals.at("contact"):
        mailbox = parse_absolute(_mailbox_name(contact or "hostmaster"), zone.origin)
    refusals.raise_any()
    with transaction.atomic():
        zone.save()
        soa = f"{servers[0]} {mailbox} {zone.serial} {SOA_TIMERS}"
        write_records(zone, SOA_KEY, _records(zone, "SOA", [soa]))
        write_records(zone, (APEX, "NS"), _records(zone, "NS", servers))
    return zone


def put_record_set(zone: Zone, name: str, type_: str, ttl_s: int, rdatas: Sequence[str]) -> RecordSet:
    """Create or replace all records of a name and type. Putting what is there already changes nothing.

    Of a SOA record, a serial later than the zone's is taken; any other counts as "the next".
    """
    key, records = _read_records(zone, name, type_, ttl_s, rdatas)
    with transaction.atomic():
        lock_zone(zone)
        _refuse_company(zone, key)
        proposed, records = _take_serial(zone, key, records)
        is_changed = read_contents(zone, name=key[0], type=key[1]).get(key) != records
        if is_changed:
            write_records(zone, key, records)
        if is_changed or proposed:
            raise_serial(zone, proposed)
    return zone.record_sets.get(name=key[0], type=key[1])


def delete_record_set(zone: Zone, name: str, type_: str) -> None:
    """Delete the records of a name and type. Raises RecordSet.DoesNotExist."""
    name, type_ = _read_key(zone, name, type_)
    if (name, type_) in INDISPENSABLE:
        refuse("type", f"a zone needs its {type_} records: replace them instead")
    with transaction.atomic():
        lock_zone(zone)
        record_set = zone.record_sets.get(name=name, type=type_)
        if record_set.steered:
            refuse("name", f"a policy answers {name} {type_}: unbind it instead")
        record_set.delete()
        raise_serial(zone)


def delete_zone(zone: Zone) -> None:
    """Delete a zone with its records and with the bindings of policies to its names."""
    with transaction.atomic():
        lock_zone(zone)
        zone.delete()


class ImportPlan(NamedTuple):
    """What a zone file would do to a zone. `present` is what there is before; `serial`: the file's, if it is later."""

    present: Contents
    changes: Changes
    serial: int | None

    @property
    def result(self) -> ImportResult:
        return ImportResult(len(self.changes.added), len(self.changes.changed), len(self.changes.removed))


def import_zone_file(zone: Zone, text: str) -> ImportResult:
    """Make the zone what the file says, all or nothing. Raises ZoneFileError.

    Only record sets that differ are written; if none does, the serial stays. Record sets that policies answer are kept,
    and the file may not name them. The file's serial is taken if it is later than the zone's.
    """
    with transaction.atomic():
        lock_zone(zone)
        plan = plan_import(zone, text)
        carry_out(zone, plan.changes, plan.serial)
    return plan.result


def plan_import(zone: Zone, text: str) -> ImportPlan:
    """What the file would do to the zone, which the caller has locked or holds to its serial. Raises ZoneFileError."""
    desired = parse_zone_file(text, zone.origin, steered_keys(zone))
    proposed, desired[SOA_KEY] = _take_serial(zone, SOA_KEY, desired[SOA_KEY])
    present = read_contents(zone)
    return ImportPlan(present, changes(present, desired), proposed)


def carry_out(zone: Zone, planned: Changes, proposed: int | None = None) -> None:
    """Write changes to a zone, which the caller has locked, under one serial; without any, the serial stays."""
    if planned:
        replace_contents(zone, planned.removed, planned.added | planned.changed)
    if planned or proposed:
        raise_serial(zone, proposed)


def steered_keys(zone: Zone) -> list[Key]:
    """The record sets that policies answer."""
    return list(zone.record_sets.filter(steered=True).order_by().values_list("name", "type"))


def export_zone_file(zone: Zone) -> str:
    """The zone as a master file that imports to the same zone."""
    steered = zone.record_sets.filter(steered=True).values_list("name", "type", "ttl_s")
    return print_zone_file(zone.origin, read_contents(zone), [((name, type_), ttl_s) for name, type_, ttl_s in steered])


def raise_serial(zone: Zone, proposed: int | None = None) -> None:
    """Give the zone its next serial, or the proposed one if that is later, and write it into the SOA record."""
    with transaction.atomic():
        lock_zone(zone)
        zone.serial = following(zone.serial, proposed)
        zone.save(update_fields=["serial", "updated"])
        soa = read_contents(zone, type="SOA").get(SOA_KEY)
        if soa:
            write_records(zone, SOA_KEY, _with_serial(soa, zone.serial))


def lock_zone(zone: Zone) -> None:
    """Hold the zone's row until the transaction ends, and read its serial anew."""
    zone.serial = Zone.objects.select_for_update().values_list("serial", flat=True).get(pk=zone.pk)


def add_steered(zone: Zone, name: str, types: Iterable[str], ttl_s: int) -> list[RecordSet]:
    """Record sets for a policy to answer (docs/adr/0002). Refused where records stand already."""
    name = _read_key(zone, name, "A")[0]
    with transaction.atomic():
        lock_zone(zone)
        record_sets = [RecordSet(zone=zone, name=name, type=type_, ttl_s=ttl_s, steered=True) for type_ in types]
        for record_set in record_sets:
            _refuse_taken(zone, (name, record_set.type))
            _refuse_company(zone, (name, record_set.type))
            record_set.save()
        raise_serial(zone)
    return record_sets


def remove_steered(record_set: RecordSet) -> None:
    """Delete a record set that a policy answers, and its binding with it."""
    zone = record_set.zone
    with transaction.atomic():
        lock_zone(zone)
        zone.record_sets.filter(pk=record_set.pk, steered=True).delete()
        raise_serial(zone)


def set_steered_ttl(zone: Zone, names: Iterable[Key], ttl_s: int) -> None:
    """Give record sets that policies answer another TTL."""
    with transaction.atomic():
        lock_zone(zone)
        for name, type_ in names:
            zone.record_sets.filter(name=name, type=type_, steered=True).update(ttl_s=ttl_s)
        raise_serial(zone)


def _new_zone(team: Team, origin: str) -> Zone:
    refusals = Refusals()
    zone = Zone(team=team)
    with refusals.at("origin"):
        zone.origin = parse_origin(origin)
    refusals.raise_any()
    zone.full_clean()
    return zone


def _mailbox_name(contact: str) -> str:
    local, at, domain = contact.partition("@")
    if not at:
        return contact
    return local.replace(".", "\\.") + "." + domain.rstrip(".") + "."


def _read_key(zone: Zone, name: str, type_: str) -> Key:
    refusals, key = Refusals(), ("", "")
    with refusals.at("name"):
        key = (parse_owner(name, zone.origin), "")
    with refusals.at("type"):
        key = (key[0], canonical_type(type_))
    refusals.raise_any()
    return key


def _read_records(zone: Zone, name: str, type_: str, ttl_s: int, texts: Sequence[str]) -> tuple[Key, Records]:
    key, refusals, rdatas = _read_key(zone, name, type_), Refusals(), []
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


def _refuse_company(zone: Zone, key: Key) -> None:
    name, type_ = key
    at_name = dict(zone.record_sets.filter(name=name).values_list("type", "steered"))
    if at_name.get(type_):
        refuse("name", f"a policy answers {name} {type_}: unbind it first")
    try:
        check_company(name, type_, at_name)
    except RecordRuleError as error:
        refuse("type", str(error))


def _refuse_taken(zone: Zone, key: Key) -> None:
    if zone.record_sets.filter(name=key[0], type=key[1], steered=False).exists():
        refuse("name", f"there are {key[1]} records of {key[0]}: delete them first")


def _take_serial(zone: Zone, key: Key, records: Records) -> tuple[int | None, Records]:
    """The serial that a SOA record proposes, if it is later; and the record with the zone's own, to compare."""
    if key != SOA_KEY:
        return None, records
    serial = soa_serial(records.rdatas[0].wire)
    return serial if is_later(serial, zone.serial) else None, _with_serial(records, zone.serial)


def _with_serial(soa: Records, serial: int) -> Records:
    return Records(soa.ttl_s, tuple(with_soa_serial(rdata, serial) for rdata in soa.rdatas))


def _records(zone: Zone, type_: str, texts: Iterable[str]) -> Records:
    origin = origin_name(zone.origin)
    return Records.of(APEX_TTL_S, [parse_rdata(type_, text, origin) for text in texts])
