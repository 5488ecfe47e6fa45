"""The journal of a team: who did what, when and from where; and all of it as one stream (docs/changes.md)."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

from django.db.models import Q, QuerySet
from django.http import StreamingHttpResponse
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit.models import AuditEntry
from api.filters import parameters_of
from api.resources import Collection

CHUNK = 2000
COLUMNS = ("id", "at", "actor", "token", "address", "via", "action", "kind", "key", "change", "request_id")
TYPES = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


class AuditEntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """One thing that someone did."""

    token = serializers.CharField(help_text="Name of the API token; empty: none.")
    request_id = serializers.CharField(help_text="As X-Request-ID said it, or as it was given.")
    before = serializers.DictField(allow_null=True, help_text="The object as it was declared; null: there was none.")
    after = serializers.DictField(allow_null=True, help_text="The object as it was declared then.")

    class Meta:
        model = AuditEntry
        fields = [*COLUMNS, "before", "after"]


class AuditFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    kind = filters.CharFilter("kind")
    key = filters.CharFilter("key")
    actor = filters.CharFilter("actor")
    action = filters.CharFilter("action")
    change = filters.NumberFilter("change")
    since = filters.IsoDateTimeFilter("at", lookup_expr="gte")
    until = filters.IsoDateTimeFilter("at", lookup_expr="lt")
    search = filters.CharFilter(method="searched", label="Part of a key, a kind, an action or a name.")

    def searched(self, entries: QuerySet[AuditEntry], _name: str, text: str) -> QuerySet[AuditEntry]:
        words = (Q(**{f"{column}__icontains": text}) for column in ("key", "kind", "action", "actor", "token"))
        match = Q()
        for word in words:
            match |= word
        return entries.filter(match)


class AuditViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, Collection[AuditEntry]):
    """What the team has done, the newest first. Entries are never changed or deleted."""

    queryset = AuditEntry.objects.all()
    serializer_class = AuditEntrySerializer
    filterset_class = AuditFilter
    page_key = ("-id",)
    lookup_value_regex = "[0-9]{1,18}"

    def reading_parameters(self) -> set[str]:
        return {*parameters_of(self), "as"} if self.action == "export" else super().reading_parameters()

    def get_queryset(self) -> QuerySet[AuditEntry]:
        """The team's; an administrator's too what concerns every team."""
        of_team = Q(team=self.team)
        return super().get_queryset().filter(of_team | Q(team=None) if self.request.user.is_superuser else of_team)

    @extend_schema(
        parameters=[OpenApiParameter("as", enum=sorted(TYPES), description="JSON lines unless said.")],
        responses={(200, media_type.partition(";")[0]): OpenApiTypes.STR for media_type in TYPES.values()},
    )
    @action(detail=False, pagination_class=None)
    def export(self, request: Request) -> StreamingHttpResponse | Response:
        """All entries that match, the oldest first, as JSON lines or as CSV without the documents."""
        form = request.query_params.get("as", "jsonl")
        if form not in TYPES:
            raise ValidationError({"as": [f"Say one of {', '.join(sorted(TYPES))}."]})
        entries = self.filter_queryset(self.get_queryset()).order_by("id").iterator(chunk_size=CHUNK)
        lines = as_csv(entries) if form == "csv" else as_json_lines(entries)
        headers = {"Content-Disposition": f'attachment; filename="audit.{form}"'}
        return StreamingHttpResponse(lines, content_type=TYPES[form], headers=headers)


def as_json_lines(entries: Iterator[AuditEntry]) -> Iterator[str]:
    for entry in entries:
        yield json.dumps(AuditEntrySerializer(entry).data, ensure_ascii=False) + "\n"


def as_csv(entries: Iterator[AuditEntry]) -> Iterator[str]:
    yield _row(list(COLUMNS))
    for entry in entries:
        shown = AuditEntrySerializer(entry).data
        yield _row([_cell(shown[column]) for column in COLUMNS])


def _cell(value: Any) -> str:
    """What no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _row(cells: list[str]) -> str:
    line = StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
