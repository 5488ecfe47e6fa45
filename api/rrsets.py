"""Record sets: of static records, or bound to the policy that answers.

PUT /api/v1/zones/demo.test./rrsets/mail/A  {"ttl": 300, "records": ["192.0.2.25"]}
PUT /api/v1/zones/demo.test./rrsets/www/A   {"policy": "www"}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import quote

from django.db import transaction
from django.db.models import Func, QuerySet, TextField, Value
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_view
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api.bulk import DeletesMany, WritesMany
from api.filters import NamesFilter, TruthFilter
from api.resources import Deletable, Readable, Replaceable
from api.schema import path_parameters
from api.zone_access import ZoneActingView, find_zone
from documents.kinds import RECORD_SETS
from documents.record_writes import RecordWrites, writing_together
from documents.records import canonical_key, split_key
from steering.services import take_turn
from zones.contents import Key
from zones.models import RecordSet, Zone
from zones.services import lock_zone

T = TypeVar("T")

TEXT = Func("rdatas", Value(" "), function="array_to_string", output_field=TextField())
"""All records of a set, to search in."""

COLLECTION = path_parameters(origin="Of the zone.")
ITEM = path_parameters(
    origin="Of the zone.", name="Relative to the origin, `@` for the apex, or absolute.", type="Such as `A`."
)


class RecordSetFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    name = NamesFilter("name", label="One name or several, with commas between.")
    type = NamesFilter("type", label="One type or several, with commas between.")
    steered = TruthFilter(label="Whether a policy answers.")
    policy = filters.CharFilter("binding__policy__name")


@extend_schema_view(list=COLLECTION, create=COLLECTION, retrieve=ITEM, update=ITEM, destroy=ITEM)
class RecordSetViewSet(
    ZoneActingView,
    WritesMany[RecordSet],
    DeletesMany[RecordSet],
    Readable[RecordSet],
    Replaceable[RecordSet],
    Deletable[RecordSet],
):
    """The record sets of a zone."""

    part = "rrsets"
    kind = RECORD_SETS
    queryset = RECORD_SETS.rows
    serializer_class = RECORD_SETS.serializer
    filterset_class = RecordSetFilter
    search_fields = ("name", "text")
    page_key = ("name", "type")
    keys_parameter = "key"
    together: RecordWrites

    @cached_property
    def zone(self) -> Zone:
        return find_zone(self.team, self.kwargs["origin"])

    def get_queryset(self) -> QuerySet[RecordSet]:
        return RECORD_SETS.rows.filter(zone=self.zone).alias(text=TEXT)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "zone": self.zone}

    @transaction.atomic
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        take_turn(self.team)
        lock_zone(self.zone)
        return super().create(request, *args, **kwargs)

    def each(self, items: list[Any], do: Callable[[Any], T]) -> list[T]:
        """What is static is written together; what concerns policies, one by one."""
        take_turn(self.team)
        keys = [(item, key) for item in items if (key := self._key_of(item))]
        alone = {key[0] for item, key in keys if isinstance(item, dict) and item.get("policy") is not None}
        names = {name for _item, (name, _type) in keys}
        with writing_together(self.acting, self.zone, names, alone=alone) as self.together:
            made = super().each(items, do)
        self.events.extend(self.together.events)
        return made

    def stored_rows(self, rows: list[RecordSet]) -> list[RecordSet]:
        found = self.get_queryset().filter(name__in={row.name for row in rows})
        by_key = {(row.name, row.type): row for row in found}
        return [by_key[row.name, row.type] for row in rows]

    def _created(self, item: Any) -> RecordSet:
        if self._taken_together(item) is None:
            return super()._created(item)
        return self._unsaved(self.together.store(item, new=True))

    def _put(self, item: Any) -> RecordSet:
        if self._taken_together(item) is None:
            return super()._put(item)
        return self._unsaved(self.together.store(item))

    def _patched(self, item: Any) -> RecordSet:
        key = self._taken_together(item)
        if key is None:
            return super()._patched(item)
        if self.together.present(key) is None:
            raise ValidationError(f"There is no {self.kind.singular} {self.key_in(item)}.")
        return self._unsaved(self.together.store(item, partial=True))

    def _destroyed(self, key: str) -> None:
        found = self._taken_together(key)
        if found is None:
            super()._destroyed(key)
        elif self.together.present(found) is None:
            raise ValidationError({self.keys_parameter: [f"There is no {self.kind.singular} {key}."]})
        else:
            self.together.remove(found)

    def _taken_together(self, item: Any) -> Key | None:
        """The key of an item that is written with the others; None: it is written by itself, or refused there."""
        key = self._key_of(item)
        return key if key and self.together.takes(key) else None

    def _key_of(self, item: Any) -> Key | None:
        """Of a document, or of the key of one that goes; None: it says none that can be."""
        if self.action == "destroy_many":
            return split_key(item)[1:]
        try:
            return split_key(self.key_in(item))[1:]
        except ValidationError:
            return None

    def _unsaved(self, key: Key) -> RecordSet:
        return RecordSet(zone=self.zone, name=key[0], type=key[1])

    def key(self) -> dict[str, str]:
        return canonical_key(self.zone, self.kwargs["name"], self.kwargs["type"])

    def document_key(self) -> str:
        return self._document_key(self.key())

    def key_in(self, item: Any) -> str:
        missing = [column for column in ("name", "type") if not isinstance(item, dict) or column not in item]
        if missing:
            raise ValidationError({column: ["Give one: it says which record set this is."] for column in missing})
        return self._document_key(canonical_key(self.zone, str(item["name"]), str(item["type"])))

    def split_keys(self, said: list[str]) -> list[str]:
        """Such as `www/A`."""
        parts = [text.rsplit("/", 1) for text in said]
        if not all(len(part) == len(("name", "type")) for part in parts):
            raise ValidationError({self.keys_parameter: ["A key is a name and a type, such as www/A."]})
        return [self._document_key(canonical_key(self.zone, *part)) for part in parts]

    def _document_key(self, key: dict[str, str]) -> str:
        return " ".join([self.zone.origin, key["name"], key["type"]])

    def place(self, row: RecordSet) -> str:
        return f"{quote(row.name, safe='')}/{row.type}"

    def keyed(self, body: Any, row: RecordSet | None) -> Any:
        """The body with the key of the URL; whatever spelling of the same name it has, it may not have another."""
        if not isinstance(body, Mapping):
            return body
        key = self.key()
        said = canonical_key(self.zone, str(body.get("name", key["name"])), str(body.get("type", key["type"])))
        errors = {column: [f"The URL says {key[column]}."] for column in key if said[column] != key[column]}
        if errors:
            raise ValidationError(errors)
        return {**body, **key}
