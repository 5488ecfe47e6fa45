"""Zones and zone files. An origin in a URL may lack its final dot."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse, JsonResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from accounts.models import Team
from api.etags import etag_of, is_unchanged, require_match
from api.parsers import ZONE_FILE_TYPE, ZoneFileParser, ZoneFileRenderer
from api.resources import Creatable, Deletable, Documented, Readable, TeamView
from api.schema import path_parameters
from documents.kinds import ZONES
from snapshots.services import request_publish
from zones.models import Zone
from zones.names import InvalidNameError, parse_origin
from zones.services import create_zone, export_zone_file, import_zone_file

ORIGIN = path_parameters(origin="Such as `example.com.`; the final dot may be missing.")


@extend_schema_view(retrieve=ORIGIN, destroy=ORIGIN)
class ZoneViewSet(Documented[Zone], Readable[Zone], Creatable[Zone], Deletable[Zone]):
    """Zones we are authoritative for. A new one has a SOA and NS records."""

    kind = ZONES
    queryset = ZONES.rows
    serializer_class = ZONES.serializer
    lookup_field = "origin"
    page_key = ("origin",)

    def key(self) -> dict[str, str]:
        return {"origin": read_origin(self.kwargs["origin"])}

    def document_key(self) -> str:
        return self.key()["origin"]


class ImportSerializer(serializers.Serializer[Any]):
    """What an import did to the record sets of the zone."""

    serial = serializers.IntegerField()
    added = serializers.IntegerField()
    changed = serializers.IntegerField()
    removed = serializers.IntegerField()


class ZoneFileView(TeamView):
    """A zone as a master file (RFC 1035 section 5)."""

    has_etag = True
    parser_classes = [ZoneFileParser]

    def get_renderers(self) -> list[BaseRenderer]:
        return [ZoneFileRenderer(), JSONRenderer()] if self.request.method == "GET" else [JSONRenderer()]

    @ORIGIN
    @extend_schema(responses={(200, ZONE_FILE_TYPE): OpenApiTypes.STR})
    def get(self, request: Request, origin: str) -> HttpResponse:
        """Export the zone. What policies answer is in comments."""
        zone = find_zone(self.team, origin)
        etag = _etag(zone)
        if is_unchanged(request, etag):
            return HttpResponse(status=304, headers={"ETag": etag})
        text = export_zone_file(zone)
        return HttpResponse(text, content_type=f"{ZONE_FILE_TYPE}; charset=utf-8", headers={"ETag": etag})

    @ORIGIN
    @extend_schema(request={ZONE_FILE_TYPE: OpenApiTypes.STR}, responses=ImportSerializer)
    @transaction.atomic
    def put(self, request: Request, origin: str) -> JsonResponse:
        """Make the zone what the file says, all or nothing; create it if it is new."""
        if not isinstance(request.data, str):
            raise ParseError("The body is empty: send the zone file, with its Content-Length.")
        zone = Zone.objects.filter(team=self.team, origin=read_origin(origin)).select_for_update().first()
        require_match(request, _etag(zone) if zone else None)
        status = 200 if zone else 201
        zone = zone or create_zone(self.team, origin)
        result = import_zone_file(zone, request.data)
        request_publish()
        return JsonResponse({"serial": zone.serial, **result._asdict()}, status=status, headers={"ETag": _etag(zone)})


def read_origin(text: str) -> str:
    """The origin that a URL names. Raises NotFound for one that no zone can have."""
    try:
        return parse_origin(text)
    except InvalidNameError as error:
        raise NotFound(f"There is no zone {text}: {error}.") from error


def find_zone(team: Team, origin: str) -> Zone:
    """The team's zone that a URL names. Raises NotFound."""
    zone = Zone.objects.filter(team=team, origin=read_origin(origin)).first()
    if zone is None:
        raise NotFound(f"There is no zone {origin}.")
    return zone


def _etag(zone: Zone) -> str:
    """The serial rises with every change of what a zone file says; the id tells a zone from its successor."""
    return etag_of([zone.pk, zone.serial])
