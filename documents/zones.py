"""Zones we are authoritative for."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import Team
from documents.base import StrictModelSerializer
from documents.fields import TextField
from documents.kind import Kind
from zones.models import Zone
from zones.names import parse_origin
from zones.services import create_zone, delete_zone


class ZoneSerializer(StrictModelSerializer[Zone]):
    """A zone we are authoritative for."""

    origin = TextField(max_length=1024, help_text="Such as `example.com.`")
    nameservers = serializers.ListField(
        child=TextField(max_length=1024),
        required=False,
        allow_empty=False,
        write_only=True,
        help_text="Names relative to the origin; default: `ns1`. Later it is the NS record set that says them.",
    )
    contact = TextField(
        max_length=1024, required=False, write_only=True, help_text="Mail address; default: `hostmaster` at the origin."
    )

    class Meta:
        model = Zone
        fields = ["id", "origin", "serial", "created", "updated", "nameservers", "contact"]
        read_only_fields = ["serial"]

    def create(self, validated_data: dict[str, Any]) -> Zone:
        return create_zone(self.context["view"].team, **validated_data)


class Zones(Kind[Zone]):
    plural = "zones"
    rows = Zone.objects.all()
    serializer = ZoneSerializer

    def key_of(self, row: Zone) -> str:
        return row.origin

    def columns(self, team: Team, key: str) -> dict[str, Any]:
        return {"origin": parse_origin(key)}

    def remove(self, row: Zone) -> None:
        delete_zone(row)
