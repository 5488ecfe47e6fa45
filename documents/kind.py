"""A kind of object: how its documents are found, read, written and removed.

    team, key ─► find ─► row ─► shown ─► document
    document ─► store ─► row        (validated whole; refusals name the field)

A writer calls `hold` first, within the transaction of all it writes, and `changed` last.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from contextlib import suppress
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import BaseSerializer

from accounts.models import Team
from snapshots.services import request_publish

Row = TypeVar("Row", bound=Model)
Document = dict[str, Any]

VEIL = "(not shown)"
"""In place of a secret."""


class Kind(Generic[Row]):
    """Objects that a team owns and knows by a key: here their name."""

    plural: ClassVar[str]
    """What collections of it are called, in URLs as in files."""

    rows: QuerySet[Row]
    """All of them, with what their documents show."""

    serializer: type[BaseSerializer[Any]]

    secrets: ClassVar[frozenset[str]] = frozenset()
    """Fields that are written and shown to nobody."""

    @property
    def singular(self) -> str:
        return str(self.rows.model._meta.verbose_name)

    def of(self, team: Team) -> QuerySet[Row]:
        """A team's."""
        return self.rows.all().filter(team=team)

    def key_of(self, row: Row) -> str:
        """What the object is known by within its team."""
        return str(row.name)  # type: ignore[attr-defined]

    def columns(self, team: Team, key: str) -> dict[str, Any]:
        """What the key says of the row, by column. Raises ValueError for what can be no key."""
        return {"name": key}

    def find(self, team: Team, key: str) -> Row | None:
        """The object of that key. Raises ValueError for what can be no key."""
        return self.of(team).filter(**self.columns(team, key)).first()

    def hold(self, team: Team, key: str) -> Row | None:
        """As `find`, and hold what a write of the object concerns until the transaction ends."""
        held = self.of(team).select_for_update(of=("self",), no_key=True)
        return held.filter(**self.columns(team, key)).first()

    def find_many(self, team: Team, keys: Collection[str]) -> dict[str, Row]:
        """The objects of these keys, by key; what can be no key has none."""
        return self._by_key(self.of(team), team, keys)

    def hold_many(self, team: Team, keys: Collection[str]) -> dict[str, Row]:
        """The same, held as by `hold`."""
        return self._by_key(self.of(team).select_for_update(of=("self",), no_key=True).order_by("pk"), team, keys)

    def _by_key(self, rows: QuerySet[Row], team: Team, keys: Iterable[str]) -> dict[str, Row]:
        wanted: dict[str, Any] = {}
        columns: set[str] = set()
        for key in keys:
            with suppress(ValueError):
                ((column, wanted[key]),) = self.columns(team, key).items()
                columns.add(column)
        if not columns:
            return {}
        (column,) = columns
        found = {getattr(row, column): row for row in rows.filter(**{f"{column}__in": list(wanted.values())})}
        return {key: found[value] for key, value in wanted.items() if value in found}

    def context(self, team: Team, key: str) -> dict[str, Any]:
        """What the serializer has to know of a write."""
        return {"team": team}

    def shown(self, team: Team, row: Row) -> Document:
        """The object as readers see it."""
        return dict(self.serializer(row, context={"team": team}).data)

    def declared(self, team: Team, row: Row) -> Document:
        """What of the object someone has declared, as plain JSON: of its document what a write can say."""
        return self.declarable(json.loads(JSONRenderer().render(self.shown(team, row))))

    def stored_secrets(self, pk: int) -> tuple[Any, ...]:
        """What a row holds of `secrets`; nothing where there is none. For the journal to see that they changed."""
        found = self.rows.all().filter(pk=pk).values_list(*sorted(self.secrets)).first() if self.secrets else None
        return found if found and any(found) else ()

    def declarable(self, document: Document) -> Document:
        """The fields of a document that a write can say, without those that the system makes."""
        return {name: value for name, value in document.items() if name in self.written_fields}

    @cached_property
    def written_fields(self) -> frozenset[str]:
        fields: dict[str, Any] = getattr(self.serializer(), "fields", {})
        return frozenset(name for name, field in fields.items() if not field.read_only)

    def veiled(self, document: Document | None) -> Document | None:
        """A document that someone is about to write, as others may see it."""
        if document is None:
            return None
        return {name: VEIL if name in self.secrets and value else value for name, value in document.items()}

    def alike(self, one: Document | None, other: Document | None) -> bool:
        """Whether two declared documents say the same."""
        return one == other

    def key_in(self, document: Document, key: str) -> str:
        """What the object is known by whose document this is; `key`: by which it was found."""
        return str(document.get("name", key))

    def store(self, team: Team, key: str, row: Row | None, document: Document, *, partial: bool = False) -> Row:
        """Make the object what the document says, or of a `partial` one the fields it names. None: it is new.

        Raises REST framework's ValidationError by field, or a database's IntegrityError.
        """
        serializer = self.serializer(row, data=document, partial=partial, context=self.context(team, key))
        serializer.is_valid(raise_exception=True)
        stored: Row = serializer.save()
        return stored

    def remove(self, row: Row) -> None:
        """Delete the object. Raises ProtectedError if something uses it, ValidationError."""
        row.delete()

    def changed(self) -> None:
        """Have edges hear of it, once the present transaction commits."""
        request_publish()
