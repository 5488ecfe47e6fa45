"""Claims of owners on objects: read, made and given up."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from accounts.models import Team
from changes.claim_models import Claim, DeclaredChange
from changes.models import Change, Edit
from documents.kinds import KINDS, RECORD_SETS, ZONES

Place = tuple[str, str]
"""Kind and key."""

NAMED = sorted(KINDS.keys() - {ZONES.plural, RECORD_SETS.plural})
"""Kinds of what can be renamed: a zone keeps its origin, a record set its name and type."""


def owners_of(team: Team, places: Iterable[Place]) -> dict[Place, str]:
    """Who owns each of these objects; those that nobody owns are left out."""
    wanted = set(places)
    keys = {key for _kind, key in wanted}
    found = Claim.objects.filter(team=team, key__in=keys).values_list("kind", "key", "owner")
    return {(kind, key): owner for kind, key, owner in found if (kind, key) in wanted}


def claimed_by(team: Team, owner: str) -> set[Place]:
    """What an owner owns."""
    return set(Claim.objects.filter(team=team, owner=owner).values_list("kind", "key"))


def claim(team: Team, owner: str, places: Iterable[Place]) -> None:
    """Have objects belong to an owner, whoever they belonged to."""
    wanted = sorted(set(places))
    rows = _rows(team, wanted)
    Claim.objects.bulk_create(
        [Claim(team=team, owner=owner, kind=kind, key=key, row=rows.get((kind, key))) for kind, key in wanted],
        update_conflicts=True,
        unique_fields=["team", "kind", "key"],
        update_fields=["owner", "row"],
    )


def follow(team: Team) -> None:
    """Have claims go by the present names of their objects, which somebody may have renamed by hand.

    A claim on what is there no more stays under the name that it had, unless another object has the name by now that
    is claimed itself.
    """
    with transaction.atomic():
        held = list(Claim.objects.select_for_update().filter(team=team, kind__in=NAMED))
        names = _names(team, held)
        _find_again([one for one in held if (one.kind, one.row) not in names])
        moved = [one for one in held if names.get((one.kind, one.row), one.key) != one.key]
        places = {(one.kind, names[one.kind, one.row]) for one in moved}
        in_the_way = [one.pk for one in held if (one.kind, one.key) in places and one not in moved]
        Claim.objects.filter(pk__in=in_the_way).delete()
        for one in moved:
            one.key = f" {one.pk}"  # which no object has: two may have exchanged their names
        Claim.objects.bulk_update(moved, ["key"])
        for one in moved:
            one.key = names[one.kind, one.row]
        Claim.objects.bulk_update(moved, ["key"])


def _find_again(claims: list[Claim]) -> None:
    """Claims that know no object, or one that is gone, are on what has the name now, if there is anything."""
    if not claims:
        return
    rows = _rows(claims[0].team, [(one.kind, one.key) for one in claims])
    for one in claims:
        one.row = rows.get((one.kind, one.key))
    Claim.objects.bulk_update(claims, ["row"])


def _rows(team: Team, places: Iterable[Place]) -> dict[Place, int]:
    """Primary keys of the objects that have names of their own."""
    keys: dict[str, set[str]] = {}
    for kind, key in places:
        if kind in NAMED:
            keys.setdefault(kind, set()).add(key)
    return {
        (kind, name): row
        for kind, names in keys.items()
        for name, row in KINDS[kind].of(team).filter(name__in=names).order_by().values_list("name", "pk")
    }


def _names(team: Team, claims: Iterable[Claim]) -> dict[tuple[str, int | None], str]:
    """What objects are called now, by kind and primary key."""
    rows: dict[str, set[int]] = {}
    for one in claims:
        if one.row is not None:
            rows.setdefault(one.kind, set()).add(one.row)
    return {
        (kind, row): name
        for kind, wanted in rows.items()
        for row, name in KINDS[kind].of(team).filter(pk__in=wanted).order_by().values_list("pk", "name")
    }


def give_up(team: Team, owner: str, places: Iterable[Place] | None = None) -> int:
    """Have objects belong to nobody; None: all that the owner owns. Returns how many."""
    claims = Claim.objects.filter(team=team, owner=owner)
    if places is not None:
        wanted = set(places)
        doomed = [
            row.pk for row in claims.filter(key__in={key for _kind, key in wanted}) if (row.kind, row.key) in wanted
        ]
        claims = claims.filter(pk__in=doomed)
    return claims.delete()[0]


def settle(change: Change) -> None:
    """A change made of an owner's files is published: what it makes is the owner's, what it deletes nobody's."""
    declared = DeclaredChange.objects.filter(change=change).first()
    if declared is None:
        return
    follow(change.team)
    edits = list(change.edits.values_list("kind", "key", "action"))
    gone = {(kind, key) for kind, key, action in edits if action == Edit.Action.DELETE}
    claim(change.team, declared.owner, [(kind, key) for kind, key, _action in edits if (kind, key) not in gone])
    give_up(change.team, declared.owner, gone)
