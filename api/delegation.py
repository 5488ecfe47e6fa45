"""Whether the world finds a zone, and what to enter at the registrar.

POST /api/v1/zones/example.com./delegation  {"findings": [{"severity": "error", "code": "glue-missing", …}], …}
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Action
from api.resources import TeamView
from api.zone_access import ZoneActingView, find_zone
from api.zones import ORIGIN
from zones.delegation import Severity
from zones.delegation_report import declared, report


class FindingSerializer(serializers.Serializer[Any]):
    """What is so, and what to do about it."""

    severity = serializers.ChoiceField([each.value for each in Severity])
    code = serializers.CharField(help_text="Such as `glue-missing`: for programs. docs/zones.md has all.")
    found = serializers.CharField()
    advice = serializers.CharField(help_text="Empty, where there is nothing to do.")


class RegistrarLineSerializer(serializers.Serializer[Any]):
    """A name server to enter at the registrar."""

    name = serializers.CharField()
    addresses = serializers.ListField(
        child=serializers.CharField(), help_text="Glue: of name servers in the zone itself."
    )


class ServerAnswerSerializer(serializers.Serializer[Any]):
    """What a name server said at one of its addresses. `udp`, `tcp`: why it was silent; empty: it answered."""

    server = serializers.CharField()
    address = serializers.CharField()
    udp = serializers.CharField()
    tcp = serializers.CharField()
    authoritative = serializers.BooleanField(source="is_authoritative")
    serial = serializers.IntegerField(allow_null=True)


class DelegationSerializer(serializers.Serializer[Any]):
    """Findings, the worst first, and what they are made of."""

    parent_zone = serializers.CharField(source="seen.delegation.parent")
    findings = FindingSerializer(many=True)
    registrar = RegistrarLineSerializer(many=True)
    servers = ServerAnswerSerializer(source="seen.answers", many=True)


class DelegationView(ZoneActingView, TeamView):
    part = "delegation"
    writes = False
    actions = {"POST": Action.VIEW}  # it asks, and writes nothing

    @ORIGIN
    @extend_schema(request=None, responses=DelegationSerializer)
    def post(self, request: Request, origin: str) -> Response:
        """Ask the parent's name servers and the zone's what they say of it. Takes up to ten seconds; writes nothing."""
        said = declared(find_zone(self.team, origin))
        found = report(said, allow_private=settings.PROBE_PRIVATE_ADDRESSES)
        return Response(DelegationSerializer(found).data)
