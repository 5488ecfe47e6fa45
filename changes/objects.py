"""The objects that edits are about, as they are declared now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Model

from accounts.models import Team
from changes.models import Edit
from changes.refusals import UnknownEditError
from documents.kind import Document, Kind
from documents.kinds import KINDS

Place = tuple[str, str]
"""Kind and key."""


def kind_of(plural: str) -> Kind[Any]:
    """Raises UnknownEditError."""
    kind = KINDS.get(plural)
    if kind is None:
        raise UnknownEditError("kind", f"There are no {plural}: name one of {', '.join(KINDS)}.")
    return kind


def found(team: Team, kind: Kind[Any], key: str) -> Model | None:
    """The object, if there is one. A key that none can have finds none."""
    try:
        row: Model | None = kind.find(team, key)
    except ValueError:
        return None
    return row


def present(team: Team, kind: Kind[Any], key: str) -> Document | None:
    """What is declared of an object now; None: there is none."""
    row = found(team, kind, key)
    return None if row is None else kind.declared(team, row)


def found_many(team: Team, places: Iterable[Place]) -> dict[Place, Model]:
    """The rows of many objects, by kind and key: those that there are. Raises UnknownEditError."""
    return _rows(places, lambda kind, keys: kind.find_many(team, keys))


def present_many(team: Team, places: Iterable[Place]) -> dict[Place, Document]:
    """What is declared of many objects now: of those that there are. Raises UnknownEditError."""
    return _declared(team, found_many(team, places))


def held_many(team: Team, places: Iterable[Place]) -> dict[Place, Document]:
    """The same of objects that are held until the transaction ends."""
    return _declared(team, _rows(places, lambda kind, keys: kind.hold_many(team, keys)))


def _rows(places: Iterable[Place], look_up: Callable[[Kind[Any], list[str]], dict[str, Any]]) -> dict[Place, Model]:
    by_kind: defaultdict[str, list[str]] = defaultdict(list)
    for plural, key in places:
        by_kind[plural].append(key)
    kinds = {plural: kind_of(plural) for plural in by_kind}
    return {(plural, key): row for plural, kind in kinds.items() for key, row in look_up(kind, by_kind[plural]).items()}


def _declared(team: Team, rows: Mapping[Place, Model]) -> dict[Place, Document]:
    return {place: kind_of(place[0]).declared(team, row) for place, row in rows.items()}


def proposed(edit: Edit, theirs: Document | None) -> Document | None:
    """What an edit makes of an object that is `theirs` now; None: it goes."""
    if edit.document is None:
        return None
    if edit.action == Edit.Action.PATCH:
        return {**(theirs or {}), **edit.document}
    return dict(edit.document)


def shown(edit: Edit) -> Document | None:
    """What an edit says, without what is shown to nobody."""
    return kind_of(edit.kind).veiled(edit.document)


def in_order(edits: list[Edit]) -> list[Edit]:
    """As they can be made one after the other.

    Record sets that go make room for others of their names; what is made comes after what it refers to; what else goes
    goes after what referred to it.
    """
    ranks = {plural: rank for rank, plural in enumerate(KINDS)}

    def turn(edit: Edit) -> tuple[int, int, int]:
        goes = edit.action == Edit.Action.DELETE
        stage = (0 if edit.kind == "rrsets" else 2) if goes else 1
        rank = ranks[edit.kind]
        return stage, -rank if stage == 2 else rank, edit.position

    return sorted(edits, key=turn)


def ahead(edits: Sequence[Edit]) -> list[Edit]:
    """Checks and endpoints name each other: where both are edited, checks come once more, first, without endpoints."""
    if not any(edit.kind == "endpoints" for edit in edits):
        return []
    checks = [edit for edit in edits if edit.kind == "checks" and edit.document is not None]
    return [_without_endpoints(edit) for edit in checks]


def _without_endpoints(edit: Edit) -> Edit:
    document = {name: value for name, value in (edit.document or {}).items() if name != "endpoints"}
    return Edit(kind=edit.kind, key=edit.key, position=edit.position, action=Edit.Action.PATCH, document=document)
