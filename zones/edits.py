"""What people write to a zone: never over what they have not seen, and so that they can take it back.

what they saw ──► lock ──► is it so still? ──► write, one serial ──► ZoneEdit(before, after) ──► undo
                              └─ no ──► ChangedSinceError: what there is now
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from zones.bulk import Action, plan
from zones.contents import Changes, Contents, Key, RecordRuleError, Records, changes, check_company
from zones.models import UNDONE, Zone, ZoneEdit
from zones.names import origin_name
from zones.rdata import parse_rdata
from zones.refusals import refuse
from zones.services import carry_out, delete_record_set, lock_zone, put_record_set
from zones.storage import read_record_sets
from zones.versions import ABSENT, version_of_records

MOST_RECORD_SETS = 10_000
"""As many an edit may touch and be taken back; a zone file that touches more is imported for good."""
KEPT_PER_ZONE = 20
KEPT_FOR = timedelta(days=1)
NAMED_IN_SUMMARY = 3


class Author(NamedTuple):
    """Who writes, and when. `note` is told of each edit within its transaction: zone, before, after."""

    person: User
    at: datetime
    note: Callable[[Zone, Contents, Contents], object] | None = None


class ChangedSinceError(Exception):
    """What someone writes over is not what they saw. `key` is None where it is about the zone as a whole."""

    def __init__(self, key: Key | None = None, present: Records | None = None, *, is_new: bool = False) -> None:
        if is_new and key:
            super().__init__(f"{key[0]} {key[1]} is there already.")
        else:
            what = f"{key[0]} {key[1]} has" if key else "The zone has"
            super().__init__(f"{what} changed since you looked at it.")
        self.key = key
        self.present = present


def save_record_set(
    zone: Zone, author: Author, key: Key, ttl_s: int, rdatas: Sequence[str], *, seen: str
) -> ZoneEdit | None:
    """Write a record set whose version its author saw was `seen`; None if nothing differs.

    Raises ChangedSinceError, and ValidationError as `put_record_set` does.
    """
    with transaction.atomic():
        lock_zone(zone)
        before = _as_seen(zone, key, seen)
        put_record_set(zone, *key, ttl_s, rdatas)
        after = read_record_sets(zone, [key])
        return record_edit(zone, author, f"{' '.join(key)} {'saved' if before else 'added'}", before, after)


def remove_record_set(zone: Zone, author: Author, key: Key, *, seen: str) -> ZoneEdit | None:
    """Delete a record set whose version its author saw was `seen`. Raises ChangedSinceError and ValidationError."""
    with transaction.atomic():
        lock_zone(zone)
        before = _as_seen(zone, key, seen)
        delete_record_set(zone, *key)
        return record_edit(zone, author, f"{' '.join(key)} deleted", before, {})


def edit_many(zone: Zone, author: Author, contents: Contents, action: Action, *, serial: int) -> ZoneEdit | None:
    """Do one thing to record sets that were read at `serial`. Raises ChangedSinceError and ValidationError."""
    with transaction.atomic():
        lock_zone(zone)
        if zone.serial != serial:
            raise ChangedSinceError
        planned = plan(action, contents, origin_name(zone.origin))
        for (name, type_), problem in planned.problems.items():
            refuse("action", f"{name} {type_}: {problem}")
        before = {key: contents[key] for key in planned.desired}
        after = {key: records for key, records in planned.desired.items() if records}
        carry_out(zone, changes(before, after))
        return record_edit(zone, author, f"{action.summary} in {_named(before)}", before, after)


def undo(zone: Zone, author: Author, edit_id: int) -> ZoneEdit | None:
    """Take back an edit of the same person, which is an edit too. Raises ZoneEdit.DoesNotExist and ValidationError.

    Refused if a record set that the edit touched is not as the edit left it.
    """
    with transaction.atomic():
        lock_zone(zone)
        edit = undoable(zone, author).get(pk=edit_id)
        before, after = _unpacked(zone, edit.before), _unpacked(zone, edit.after)
        keys = before.keys() | after.keys()
        present = read_record_sets(zone, keys)
        _refuse_changed(keys, after, present)
        _refuse_company(zone, before, after)
        removed = [key for key in after if key not in before]
        added = {key: records for key, records in before.items() if key not in present}
        changed = {key: records for key, records in before.items() if key in present}
        carry_out(zone, Changes(added, changed, removed))
        edit.delete()
        return record_edit(zone, author, _undone(edit.summary), after, before)


def undoable(zone: Zone, author: Author) -> QuerySet[ZoneEdit]:
    """The edits of a zone that someone can take back, the newest first."""
    return zone.edits.filter(person=author.person, at__gte=author.at - KEPT_FOR).order_by("-id")


def record_edit(zone: Zone, author: Author, summary: str, before: Contents, after: Contents) -> ZoneEdit | None:
    """Remember what differs and forget what is old; None if nothing differs, or more than can be taken back."""
    if author.note is not None:
        author.note(zone, before, after)
    differing = {key for key in before.keys() | after.keys() if not _same(key, before.get(key), after.get(key))}
    if not differing or len(differing) > MOST_RECORD_SETS:
        return None
    edit = ZoneEdit.objects.create(
        zone=zone,
        person=author.person,
        at=author.at,
        summary=summary,
        before=_packed(before, differing),
        after=_packed(after, differing),
    )
    newest = zone.edits.order_by("-id").values("pk")[:KEPT_PER_ZONE]
    zone.edits.exclude(pk__in=list(newest.values_list("pk", flat=True))).delete()
    zone.edits.filter(at__lt=author.at - KEPT_FOR).delete()
    return edit


def _as_seen(zone: Zone, key: Key, seen: str) -> dict[Key, Records]:
    before = read_record_sets(zone, [key])
    if version_of_records(key, before.get(key)) != seen:
        raise ChangedSinceError(key, before.get(key), is_new=seen == ABSENT)
    return before


def _same(key: Key, one: Records | None, other: Records | None) -> bool:
    return version_of_records(key, one) == version_of_records(key, other)


def _refuse_changed(keys: Collection[Key], left: Contents, present: Contents) -> None:
    changed = sorted(key for key in keys if not _same(key, left.get(key), present.get(key)))
    if changed:
        named = _named(dict.fromkeys(changed))
        refuse("edit", f"{named} changed since, so this cannot be undone: edit the records themselves")


def _refuse_company(zone: Zone, restored: Contents, removed: Contents) -> None:
    """Hold what comes back against what stands at its names by now, policies included."""
    names = {name for name, _ in restored}
    types: dict[str, set[str]] = {name: set() for name in names}
    for name, type_, steered in zone.record_sets.filter(name__in=names).values_list("name", "type", "steered"):
        if steered and (name, type_) in restored:
            refuse("edit", f"a policy answers {name} {type_} by now: unbind it first")
        if (name, type_) not in removed:
            types[name].add(type_)
    for name, type_ in restored:
        types[name].add(type_)
    try:
        for name, type_ in restored:
            check_company(name, type_, types[name])
    except RecordRuleError as error:
        refuse("edit", str(error))


def _named(keys: Mapping[Key, Any]) -> str:
    if len(keys) > NAMED_IN_SUMMARY:
        return f"{len(keys):,} record sets"
    return ", ".join(f"{name} {type_}" for name, type_ in sorted(keys))


def _undone(summary: str) -> str:
    """Undoing an undoing is doing it again."""
    return summary.removeprefix(UNDONE) if summary.startswith(UNDONE) else f"{UNDONE}{summary}"


def _packed(contents: Contents, keys: Collection[Key]) -> list[list[Any]]:
    return [
        [*key, contents[key].ttl_s, [rdata.text for rdata in contents[key].rdatas]]
        for key in sorted(keys)
        if key in contents
    ]


def _unpacked(zone: Zone, rows: list[list[Any]]) -> dict[Key, Records]:
    origin = origin_name(zone.origin)
    return {
        (name, type_): Records.of(ttl_s, [parse_rdata(type_, text, origin) for text in texts])
        for name, type_, ttl_s, texts in rows
    }
