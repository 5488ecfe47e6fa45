"""Record sets: of static records, or bound to the policy that answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from accounts.models import Team
from documents.base import StrictModelSerializer, in_fields_of
from documents.fields import NamedField, TextField, WholeNumberField
from documents.kind import Document, Kind
from steering.models import Policy
from steering.services import bind, take_turn, unbind
from zones.contents import Key
from zones.models import MAX_TTL_S, RecordSet, Zone
from zones.names import InvalidNameError, parse_origin, parse_owner
from zones.rdata import UnknownTypeError, canonical_type
from zones.refusals import sentence
from zones.services import delete_record_set, lock_zone, put_record_set

MAX_RECORDS = 4096
KEY_PARTS = 3
SOA_SERIAL = 2
"""Among the fields of a SOA record (RFC 1035 section 3.3.13)."""


class UnknownKeyError(ValueError):
    """No record set can have this key: it is malformed, or its zone is not there."""


class Place(NamedTuple):
    """Where a record set is."""

    zone: Zone
    key: Key


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
        zone: Zone = self.context["zone"]
        key = canonical_key(zone, name, type_)
        if self.instance is None:
            self.require_new(key)
        return key

    def require_new(self, key: dict[str, str]) -> None:
        """Raises ValidationError where there are records already."""
        if self.context["zone"].record_sets.filter(**key).exists():
            raise already(key["type"])

    def _put(self, *, name: str, type: str, ttl_s: int, rdatas: list[str], policy: None) -> RecordSet:  # noqa: A002
        return put_record_set(self.context["zone"], name, type, ttl_s, rdatas)

    def _bound(self, *, name: str, type: str, policy: Policy, **_said: Any) -> RecordSet:  # noqa: A002
        present: RecordSet | None = self.instance
        if present and present.steered:
            if present.binding.policy == policy:
                return present
            unbind(present.binding)
        (binding,) = bind(policy, self.context["zone"], name, types=(type,))
        return binding.record_set


def already(type_: str) -> ValidationError:
    return ValidationError({"name": [f"There are {type_} records already: PUT replaces them."]})


def canonical_key(zone: Zone, name: str, type_: str) -> dict[str, str]:
    """The one spelling of a name relative to its zone, and of a type."""
    try:
        return {"name": parse_owner(name, zone.origin), "type": canonical_type(type_)}
    except InvalidNameError as error:
        raise ValidationError({"name": [sentence(str(error))]}) from error
    except UnknownTypeError as error:
        raise ValidationError({"type": [sentence(str(error))]}) from error


def document_of(key: Key, ttl_s: int, texts: Sequence[str], policy: str | None = None) -> Document:
    """What is declared of a record set: where a policy answers, the TTL is the policy's and there are no records."""
    named = {"name": key[0], "type": key[1]}
    if policy:
        return {**named, "policy": policy}
    return {**named, "ttl": ttl_s, "records": list(texts), "policy": None}


class RecordSets(Kind[RecordSet]):
    """Of all zones of a team; keys are such as `demo.test. www A`."""

    plural = "rrsets"
    rows = RecordSet.objects.select_related("zone", "binding__policy")
    serializer = RecordSetSerializer

    def of(self, team: Team) -> QuerySet[RecordSet]:
        return self.rows.all().filter(zone__team=team)

    def key_of(self, row: RecordSet) -> str:
        return f"{row.zone.origin} {row.name} {row.type}"

    def columns(self, team: Team, key: str) -> dict[str, Any]:
        zone, name, type_ = self._parts(team, key)
        return {"zone": zone, "name": name, "type": type_}

    def hold(self, team: Team, key: str) -> RecordSet | None:
        """The team before the zone, as steering.services does."""
        take_turn(team)
        lock_zone(self._parts(team, key)[0])
        return self.find(team, key)

    def find_many(self, team: Team, keys: Collection[str]) -> dict[str, RecordSet]:
        places = {key: place for key, place in self.places(team, keys).items() if isinstance(place, Place)}
        names: defaultdict[int, set[str]] = defaultdict(set)
        for zone, (name, _type) in places.values():
            names[zone.pk].add(name)
        wanted = [Q(zone=zone, name__in=of) for zone, of in sorted(names.items())]
        rows = self.of(team).filter(reduce(or_, wanted)) if wanted else ()
        found = {(row.zone_id, row.name, row.type): row for row in rows}
        keyed = {key: found.get((zone.pk, *of)) for key, (zone, of) in places.items()}
        return {key: row for key, row in keyed.items() if row is not None}

    def hold_many(self, team: Team, keys: Collection[str]) -> dict[str, RecordSet]:
        take_turn(team)
        zones = {place.zone.pk for place in self.places(team, keys).values() if isinstance(place, Place)}
        list(Zone.objects.select_for_update().filter(pk__in=zones).order_by("pk").values_list("pk"))
        return self.find_many(team, keys)

    def places(self, team: Team, keys: Collection[str]) -> dict[str, Place | ValueError]:
        """Where record sets with these keys are, or why there can be none."""
        origins = set()
        for key in keys:
            with suppress(ValueError):
                origins.add(parse_origin(split_key(key)[0]))
        zones = {zone.origin: zone for zone in Zone.objects.filter(team=team, origin__in=origins)}
        found: dict[str, Place | ValueError] = {}
        for key in keys:
            try:
                found[key] = _place(key, zones)
            except ValueError as error:
                found[key] = error
        return found

    def declared(self, team: Team, row: RecordSet) -> Document:
        policy = row.binding.policy.name if row.steered else None
        return document_of((row.name, row.type), row.ttl_s, row.rdatas, policy)

    def context(self, team: Team, key: str) -> dict[str, Any]:
        return {"team": team, "zone": self._parts(team, key)[0]}

    def declarable(self, document: Document) -> Document:
        """Where a policy answers, the TTL is the policy's and there are no records."""
        said = super().declarable(document)
        return {name: said[name] for name in ("name", "type", "policy")} if said.get("policy") else said

    def alike(self, one: Document | None, other: Document | None) -> bool:
        """Whatever the serial is: each write to the zone raises it."""
        return _without_serial(one) == _without_serial(other)

    def key_in(self, document: Document, key: str) -> str:
        """A name and type are the record set's for life."""
        return key

    def remove(self, row: RecordSet) -> None:
        if row.steered:
            unbind(row.binding)
        else:
            delete_record_set(row.zone, row.name, row.type)

    def _parts(self, team: Team, key: str) -> tuple[Zone, str, str]:
        (place,) = self.places(team, [key]).values()
        if isinstance(place, ValueError):
            raise place
        return place.zone, *place.key


def split_key(key: str) -> tuple[str, str, str]:
    """Origin, name and type of a key. Raises UnknownKeyError."""
    parts = key.split(" ")
    if len(parts) != KEY_PARTS:
        raise UnknownKeyError(f'"{key}" is no origin, name and type, such as "demo.test. www A".')
    return parts[0], parts[1], parts[2]


def _place(key: str, zones: Mapping[str, Zone]) -> Place:
    origin, name, type_ = split_key(key)
    zone = zones.get(parse_origin(origin))
    if zone is None:
        raise UnknownKeyError(f"There is no zone {origin}.")
    return Place(zone, (parse_owner(name, zone.origin), canonical_type(type_)))


def _without_serial(document: Document | None) -> Document | None:
    if document is None or document.get("type") != "SOA":
        return document
    fields = [record.split() for record in document.get("records", [])]
    return {**document, "records": [[*of[:SOA_SERIAL], *of[SOA_SERIAL + 1 :]] for of in fields]}
