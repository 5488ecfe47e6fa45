"""Zones and zone files. An origin in a URL may lack its final dot."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from api.bulk import CreatesMany, DeletesMany
from api.etags import etag_of, is_unchanged, require_match
from api.filters import DeclaredFilter, NamesFilter
from api.parsers import ZONE_FILE_TYPE, ZoneFileParser, ZoneFileRenderer
from api.resources import Deletable, Readable, TeamView
from api.schema import path_parameters
from api.zone_access import ZoneActingView, find_zone, read_origin
from documents import zone_files
from documents.kinds import ZONES
from snapshots.services import request_publish
from zones.models import Zone
from zones.services import export_zone_file

ORIGIN = path_parameters(origin="Such as `example.com.`; the final dot may be missing.")


class ZoneFilter(DeclaredFilter):
    name = None  # type: ignore[assignment]  # a zone has none
    origin = NamesFilter("origin", label="One origin or several, with commas between.")


@extend_schema_view(retrieve=ORIGIN, destroy=ORIGIN)
class ZoneViewSet(ZoneActingView, CreatesMany[Zone], DeletesMany[Zone], Readable[Zone], Deletable[Zone]):
    """Zones we are authoritative for. A new one has a SOA and NS records."""

    kind = ZONES
    queryset = ZONES.rows
    serializer_class = ZONES.serializer
    lookup_field = "origin"
    page_key = ("origin",)
    keys_parameter = "origin"
    filterset_class = ZoneFilter
    search_fields = ("origin",)

    def get_queryset(self) -> QuerySet[Zone]:
        return self.visible_zones(super().get_queryset())

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


class ZoneFileView(ZoneActingView, TeamView):
    """A zone as a master file (RFC 1035 section 5)."""

    part = "zonefile"
    has_etag = True
    offers_dry_run = True
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
    def put(self, request: Request, origin: str) -> Response:
        """Make the zone what the file says, all or nothing; create it if it is new."""
        if not isinstance(request.data, str):
            raise ParseError("The body is empty: send the zone file, with its Content-Length.")
        zone = Zone.objects.filter(team=self.team, origin=read_origin(origin)).select_for_update().first()
        require_match(request, _etag(zone) if zone else None)
        status = 200 if zone else 201
        if zone is None:
            zone, made = zone_files.create(self.acting, self.team, origin)
            self.events.extend(made)
        result, written = zone_files.import_file(self.acting, zone, request.data)
        self.events.extend(written)
        request_publish()
        said = {"serial": zone.serial, **result._asdict()}
        return Response(said, status=status, headers={"ETag": _etag(zone)})


def _etag(zone: Zone) -> str:
    """The serial rises with every change of what a zone file says; the id tells a zone from its successor."""
    return etag_of([zone.pk, zone.serial])
