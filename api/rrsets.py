"""Record sets: of static records, or bound to the policy that answers.

PUT /api/v1/zones/demo.test./rrsets/mail/A  {"ttl": 300, "records": ["192.0.2.25"]}
PUT /api/v1/zones/demo.test./rrsets/www/A   {"policy": "www"}
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api.fields import NamedField, TextField, WholeNumberField
from api.resources import Deletable, Readable, Replaceable
from api.schema import path_parameters
from api.serializers import StrictModelSerializer, in_fields_of
from api.zones import find_zone
from steering.models import Policy
from steering.services import bind, take_turn, unbind
from zones.models import MAX_TTL_S, RecordSet, Zone
from zones.names import InvalidNameError, parse_owner
from zones.rdata import UnknownTypeError, canonical_type
from zones.refusals import sentence
from zones.services import delete_record_set, lock_zone, put_record_set

MAX_RECORDS = 4096
COLLECTION = path_parameters(origin="Of the zone.")
ITEM = path_parameters(
    origin="Of the zone.", name="Relative to the origin, `@` for the apex, or absolute.", type="Such as `A`."
)


class RecordSetSerializer(StrictModelSerializer[RecordSet]):
    """All records of one name and type, or the policy that answers it."""

    name = TextField(max_length=1024, help_text="Relative to the origin, `@` for the apex, or absolute.")
    type = TextField(max_length=16, help_text="A mnemonic, or TYPE and a number (RFC 3597).")
    ttl = WholeNumberField(
        source="ttl_s",
        required=False,
        min_value=0,
        max_value=MAX_TTL_S,
        help_text="Seconds. That of the policy, if bound.",
    )
    records = serializers.ListField(
        source="rdatas",
        child=TextField(max_length=131_072),
        required=False,
        max_length=MAX_RECORDS,
        help_text="Data in presentation format. Empty, if bound to a policy.",
    )
    policy = NamedField(
        Policy.objects.all(),
        source="binding.policy",
        required=False,
        allow_null=True,
        help_text="Answers instead of records.",
    )

    class Meta:
        model = RecordSet
        fields = ["id", "name", "type", "ttl", "records", "policy"]
        validators: list[Any] = []  # the zone is not in the body, and services say what is taken

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        policy: Policy | None = attrs.pop("binding", {}).get("policy")
        if policy is None:
            missing = [name for name in ("ttl", "records") if self.fields[name].source not in attrs]
            if missing:
                raise ValidationError({name: ["Give a TTL and records, or a policy."] for name in missing})
        elif attrs.get("rdatas"):
            raise ValidationError({"records": ["A policy makes the answer: give records or a policy."]})
        elif attrs.get("ttl_s", policy.ttl_s) != policy.ttl_s:
            raise ValidationError({"ttl": [f"The TTL is the policy's: {policy.ttl_s}."]})
        return {**attrs, **self._key(attrs["name"], attrs["type"]), "policy": policy}

    def save(self, **kwargs: Any) -> RecordSet:
        said = self.validated_data
        try:
            self.instance = self._bound(**said) if said["policy"] else self._put(**said)
        except DjangoValidationError as error:
            raise in_fields_of(self, error) from error
        return self.instance

    def _key(self, name: str, type_: str) -> dict[str, str]:
        zone: Zone = self.context["view"].zone
        key = canonical_key(zone, name, type_)
        if self.instance is None and zone.record_sets.filter(**key).exists():
            raise ValidationError({"name": [f"There are {key['type']} records already: PUT replaces them."]})
        return key

    def _put(self, *, name: str, type: str, ttl_s: int, rdatas: list[str], policy: None) -> RecordSet:  # noqa: A002
        return put_record_set(self.context["view"].zone, name, type, ttl_s, rdatas)

    def _bound(self, *, name: str, type: str, policy: Policy, **_said: Any) -> RecordSet:  # noqa: A002
        present: RecordSet | None = self.instance
        if present and present.steered:
            if present.binding.policy == policy:
                return present
            unbind(present.binding)
        (binding,) = bind(policy, self.context["view"].zone, name, types=(type,))
        return binding.record_set


class RecordSetFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    class Meta:
        model = RecordSet
        fields = ["name", "type"]


@extend_schema_view(list=COLLECTION, create=COLLECTION, retrieve=ITEM, update=ITEM, destroy=ITEM)
class RecordSetViewSet(Readable[RecordSet], Replaceable[RecordSet], Deletable[RecordSet]):
    """The record sets of a zone."""

    queryset = RecordSet.objects.select_related("binding__policy")
    serializer_class = RecordSetSerializer
    filterset_class = RecordSetFilter
    page_key = ("name", "type")

    @cached_property
    def zone(self) -> Zone:
        return find_zone(self.team, self.kwargs["origin"])

    def get_queryset(self) -> QuerySet[RecordSet]:
        return RecordSet.objects.filter(zone=self.zone).select_related("binding__policy")

    @transaction.atomic
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.lock()
        return super().create(request, *args, **kwargs)

    def key(self) -> dict[str, str]:
        return canonical_key(self.zone, self.kwargs["name"], self.kwargs["type"])

    def place(self, row: RecordSet) -> str:
        return f"{quote(row.name, safe='')}/{row.type}"

    def find(self) -> RecordSet | None:
        self.lock()
        return super().find()

    def lock(self) -> None:
        """Hold what a write may concern, the team before the zone as steering.services does."""
        take_turn(self.team)
        lock_zone(self.zone)

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

    def remove(self, row: RecordSet) -> None:
        if row.steered:
            unbind(row.binding)
        else:
            delete_record_set(self.zone, row.name, row.type)


def canonical_key(zone: Zone, name: str, type_: str) -> dict[str, str]:
    """The one spelling of a name relative to its zone, and of a type."""
    try:
        return {"name": parse_owner(name, zone.origin), "type": canonical_type(type_)}
    except InvalidNameError as error:
        raise ValidationError({"name": [sentence(str(error))]}) from error
    except UnknownTypeError as error:
        raise ValidationError({"type": [sentence(str(error))]}) from error
