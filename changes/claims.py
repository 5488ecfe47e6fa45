"""Claims of owners on objects: read, made and given up."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.models import Team
from changes.claim_models import Claim, DeclaredChange
from changes.models import Change, Edit

Place = tuple[str, str]
"""Kind and key."""


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
    Claim.objects.bulk_create(
        [Claim(team=team, owner=owner, kind=kind, key=key) for kind, key in places],
        update_conflicts=True,
        unique_fields=["team", "kind", "key"],
        update_fields=["owner"],
    )


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
    edits = list(change.edits.values_list("kind", "key", "action"))
    gone = {(kind, key) for kind, key, action in edits if action == Edit.Action.DELETE}
    claim(change.team, declared.owner, [(kind, key) for kind, key, _action in edits if (kind, key) not in gone])
    give_up(change.team, declared.owner, gone)
