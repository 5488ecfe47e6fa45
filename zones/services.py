"""Every write to zones.

Each locks its zone's row first, so that writers of one zone take turns and its serial never repeats.

Errors about a field are `ValidationError({field: [messages]})`; a zone file that cannot be taken is a ZoneFileError.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from django.db import transaction

from accounts.models import Team
from zones.batch import Batch, read_key, take_serial, with_serial
from zones.contents import (
    SOA_KEY,
    Changes,
    Contents,
    Key,
    RecordRuleError,
    Records,
    changes,
    check_company,
)
from zones.models import RecordSet, Zone
from zones.names import APEX, InvalidNameError, origin_name, parse_absolute, parse_origin, parse_owner
from zones.rdata import parse_rdata
from zones.refusals import Refusals, refuse
from zones.serial import following
from zones.storage import contents_of, read_contents, replace_contents, write_contents, write_records
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


@contextmanager
def batch(zone: Zone, names: Iterable[str]) -> Iterator[Batch]:
    """Hold a zone; what the block puts and deletes at these names is written when it ends, under one serial.

    Names are relative to the origin or absolute; what can be no name is refused where it is written.
    """
    with transaction.atomic():
        lock_zone(zone)
        found = zone.record_sets.filter(name__in=_owners(zone, names))
        steered = found.filter(steered=True).order_by().values_list("name", "type")
        writes = Batch(zone, contents_of(found), steered)
        yield writes
        planned = writes.changes
        if planned:
            write_contents(zone, planned.removed, planned.added | planned.changed)
        if planned or writes.proposed:
            raise_serial(zone, writes.proposed)


def put_record_set(zone: Zone, name: str, type_: str, ttl_s: int, rdatas: Sequence[str]) -> RecordSet:
    """Create or replace all records of a name and type. Putting what is there already changes nothing.

    Of a SOA record, a serial later than the zone's is taken; any other counts as "the next".
    """
    with batch(zone, [name]) as writes:
        key = writes.put(name, type_, ttl_s, rdatas).key
    return zone.record_sets.get(name=key[0], type=key[1])


def delete_record_set(zone: Zone, name: str, type_: str) -> None:
    """Delete the records of a name and type. Raises RecordSet.DoesNotExist."""
    with batch(zone, [name]) as writes:
        writes.delete(name, type_)


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
    proposed, desired[SOA_KEY] = take_serial(zone.serial, SOA_KEY, desired[SOA_KEY])
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
            write_records(zone, SOA_KEY, with_serial(soa, zone.serial))


def lock_zone(zone: Zone) -> None:
    """Hold the zone's row until the transaction ends, and read its serial anew."""
    zone.serial = Zone.objects.select_for_update().values_list("serial", flat=True).get(pk=zone.pk)


def add_steered(zone: Zone, name: str, types: Iterable[str], ttl_s: int) -> list[RecordSet]:
    """Record sets for a policy to answer (docs/adr/0002). Refused where records stand already."""
    name = read_key(zone, name, "A")[0]
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


def _owners(zone: Zone, names: Iterable[str]) -> set[str]:
    found = set()
    for name in names:
        with suppress(InvalidNameError):
            found.add(parse_owner(name, zone.origin))
    return found


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


def _records(zone: Zone, type_: str, texts: Iterable[str]) -> Records:
    origin = origin_name(zone.origin)
    return Records.of(APEX_TTL_S, [parse_rdata(type_, text, origin) for text in texts])
