"""Zone files looked at before they are taken.

text ──► problems, line by line ──► mended, again
     └─► ImportDraft(text, serial) ──► the difference ──► taken, if the zone is still at that serial
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from django.db import transaction

from accounts.models import Team
from zones.contents import changes
from zones.differences import Difference, differences
from zones.edits import Author, ChangedSinceError, record_edit
from zones.models import ImportDraft, Zone, ZoneEdit
from zones.services import (
    ImportPlan,
    ImportResult,
    carry_out,
    create_zone,
    lock_zone,
    plan_import,
    steered_keys,
)
from zones.zonefile import parse_zone_file, zone_file_problems

KEPT_FOR = timedelta(hours=1)
KEPT_PER_PERSON = 3
MAX_FILE_OCTETS = 64 * 2**20
CONTEXT_CHARACTERS = 200


class LineProblem(NamedTuple):
    """A line of a zone file, counted from 1, what stands there and why it cannot be taken."""

    line: int
    text: str
    reason: str


class Imported(NamedTuple):
    zone: Zone
    result: ImportResult
    edit: ZoneEdit | None


def problems_of(text: str, origin: str, zone: Zone | None) -> list[LineProblem]:
    """Why a zone file cannot be taken; nothing if it can."""
    lines = text.split("\n")
    steered = steered_keys(zone) if zone else ()
    return [
        LineProblem(problem.line, lines[problem.line - 1].strip()[:CONTEXT_CHARACTERS], problem.reason)
        for problem in zone_file_problems(text, origin, steered)
    ]


def keep_draft(author: Author, text: str, origin: str, zone: Zone | None) -> ImportDraft:
    """Keep a file that can be taken until its author has looked at the difference; forget what they left lying."""
    own = ImportDraft.objects.filter(person=author.person).order_by("-id")
    own.filter(pk__in=list(own.values_list("pk", flat=True)[KEPT_PER_PERSON - 1 :])).delete()
    ImportDraft.objects.filter(at__lt=author.at - KEPT_FOR).delete()
    serial = zone.serial if zone else None
    return ImportDraft.objects.create(
        person=author.person, zone=zone, origin=origin, serial=serial, text=text, at=author.at
    )


def preview(draft: ImportDraft) -> list[Difference]:
    """What taking the draft would do to its zone, by name and type. Raises ChangedSinceError.

    Nothing is locked while a long file is read: the serial, before and after, says that it was one state of the zone.
    """
    if draft.zone is None:
        return differences({}, changes({}, parse_zone_file(draft.text, draft.origin)))
    _require_serial(draft.zone, draft)
    plan = plan_import(draft.zone, draft.text)
    _require_serial(draft.zone, draft)
    return differences(plan.present, plan.changes)


def take(draft: ImportDraft, author: Author, team: Team) -> Imported:
    """Make the zone what the draft says; a new one is `team`'s. Raises ChangedSinceError and ValidationError."""
    with transaction.atomic():
        if draft.zone is None:
            zone = create_zone(team, draft.origin)
            plan = plan_import(zone, draft.text)
        else:
            zone = draft.zone
            lock_zone(zone)
            _require_serial(zone, draft)
            plan = plan_import(zone, draft.text)
        carry_out(zone, plan.changes, plan.serial)
        edit = _recorded(zone, author, plan) if draft.zone else None
        draft.delete()
    return Imported(zone, plan.result, edit)


def _require_serial(zone: Zone, draft: ImportDraft) -> None:
    zone.refresh_from_db(fields=["serial"])
    if zone.serial != draft.serial:
        raise ChangedSinceError


def _recorded(zone: Zone, author: Author, plan: ImportPlan) -> ZoneEdit | None:
    added, changed, removed = plan.changes
    before = {key: plan.present[key] for key in [*changed, *removed]}
    return record_edit(zone, author, "Zone file imported", before, added | changed)
