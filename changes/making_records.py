"""Edits of record sets are made together, zone by zone: each as if alone, after those before it.

edits ─► their zones ─► documents.record_writes ─► what became of each
            └─ what concerns policies ─► one by one
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction
from rest_framework.exceptions import ValidationError

from accounts.audit.actor import Actor
from accounts.models import Team
from changes.making import Applied, apply_one, refusals_of
from changes.models import Edit
from changes.objects import proposed
from documents.kinds import RECORD_SETS
from documents.record_writes import RecordWrites, writing_together
from documents.records import canonical_key
from zones.contents import Key
from zones.models import Zone


def apply_record_sets(team: Team, actor: Actor, edits: Sequence[Edit], change: int | None) -> list[Applied]:
    """Make each edit that can be made, as changes.making.apply_one, and say what became of each, in their order."""
    made = [Applied(edit) for edit in edits]
    places = RECORD_SETS.places(team, [edit.key for edit in edits])
    by_zone: defaultdict[Zone, list[tuple[int, Key]]] = defaultdict(list)
    for index, edit in enumerate(edits):
        place = places[edit.key]
        if not isinstance(place, ValueError):
            by_zone[place.zone].append((index, place.key))
        elif edit.document is not None:
            with refusals_of(made[index]):
                raise place
    for zone, indices in by_zone.items():
        keyed = [(edits[index], key) for index, key in indices]
        for (index, _key), one in zip(indices, _apply_in(zone, team, actor, keyed, change), strict=True):
            made[index] = one
    return made


def _apply_in(
    zone: Zone, team: Team, actor: Actor, edits: Sequence[tuple[Edit, Key]], change: int | None
) -> list[Applied]:
    names = {name for _edit, (name, _type) in edits}
    alone = {key[0] for edit, key in edits if not _is_static(zone, edit, key)}
    with transaction.atomic(), writing_together(actor, zone, names, alone=alone, change=change) as together:
        return [
            _apply(together, edit, key) if together.takes(key) else apply_one(team, actor, edit, change)
            for edit, key in edits
        ]


def _apply(together: RecordWrites, edit: Edit, key: Key) -> Applied:
    applied, events_before = Applied(edit), len(together.events)
    with refusals_of(applied):
        present = together.present(key)
        wanted = proposed(edit, present)
        if wanted is not None:
            together.store(wanted)
        elif present is not None:
            together.remove(key)
        applied.events = together.events[events_before:]
    return applied


def _is_static(zone: Zone, edit: Edit, key: Key) -> bool:
    """Whether an edit concerns no policy, nor another record set than the one it is said to be of."""
    document = edit.document or {}
    try:
        said = canonical_key(zone, str(document.get("name", key[0])), str(document.get("type", key[1])))
    except ValidationError:
        return False
    return document.get("policy") is None and (said["name"], said["type"]) == key
