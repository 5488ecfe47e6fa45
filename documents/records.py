"""Record sets: of static records, or bound to the policy that answers."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from accounts.models import Team
from documents.base import StrictModelSerializer, in_fields_of
from documents.fields import NamedField, TextField, WholeNumberField
from documents.kind import Kind
from steering.models import Policy
from steering.services import bind, take_turn, unbind
from zones.models import MAX_TTL_S, RecordSet, Zone
from zones.names import InvalidNameError, parse_origin, parse_owner
from zones.rdata import UnknownTypeError, canonical_type
from zones.refusals import sentence
from zones.services import delete_record_set, lock_zone, put_record_set

MAX_RECORDS = 4096
KEY_PARTS = 3


class UnknownKeyError(ValueError):
    """No record set can have this key: it is malformed, or its zone is not there."""


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
        if self.instance is None and zone.record_sets.filter(**key).exists():
            raise ValidationError({"name": [f"There are {key['type']} records already: PUT replaces them."]})
        return key

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


def canonical_key(zone: Zone, name: str, type_: str) -> dict[str, str]:
    """The one spelling of a name relative to its zone, and of a type."""
    try:
        return {"name": parse_owner(name, zone.origin), "type": canonical_type(type_)}
    except InvalidNameError as error:
        raise ValidationError({"name": [sentence(str(error))]}) from error
    except UnknownTypeError as error:
        raise ValidationError({"type": [sentence(str(error))]}) from error


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

    def context(self, team: Team, key: str) -> dict[str, Any]:
        return {"team": team, "zone": self._parts(team, key)[0]}

    def remove(self, row: RecordSet) -> None:
        if row.steered:
            unbind(row.binding)
        else:
            delete_record_set(row.zone, row.name, row.type)

    def _parts(self, team: Team, key: str) -> tuple[Zone, str, str]:
        origin, name, type_ = split_key(key)
        zone = Zone.objects.filter(team=team, origin=parse_origin(origin)).first()
        if zone is None:
            raise UnknownKeyError(f"There is no zone {origin}.")
        return zone, parse_owner(name, zone.origin), canonical_type(type_)


def split_key(key: str) -> tuple[str, str, str]:
    """Origin, name and type of a key. Raises UnknownKeyError."""
    parts = key.split(" ")
    if len(parts) != KEY_PARTS:
        raise UnknownKeyError(f'"{key}" is no origin, name and type, such as "demo.test. www A".')
    return parts[0], parts[1], parts[2]
