"""Pages of a list, by the key of the last object seen: stable while objects come and go, and the last page is as quick
to find as the first.

    GET /api/v1/regions?limit=2                     {"next": ".../regions?after=eu&limit=2", "results": [asia, eu]}
    GET /api/v1/regions?after=eu&limit=2            {"next": null, "results": [us]}
    GET /api/v1/regions?ordering=-updated&limit=2   {"next": ".../regions?after=2026-05-01T…/eu&…", "results": …}
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Model, Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from api.ordering import columns_of, orderings

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
SEPARATOR = "/"
"""Between the parts of a key of several columns, each of which has its own slashes written as %2F."""

Row = TypeVar("Row", bound=Model)


class NamePagination(BasePagination):
    """A view names the columns of its key in `page_key`, by default the name; "-" before a column: descending.

    Lists in another order end with the key, which tells rows apart that are alike in what they are ordered by.
    """

    def paginate_queryset(  # type: ignore[override]  # every list here is a queryset
        self, queryset: QuerySet[Row], request: Request, view: APIView | None = None
    ) -> list[Row]:
        self.url = request.build_absolute_uri()
        self.columns = columns_of(request, view, queryset.model)
        limit = _limit(request)
        rows = list(self._after(queryset, request).order_by(*self.columns)[: limit + 1])
        self.page: list[Any] = rows[:limit]
        self.has_more = len(rows) > limit
        return rows[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self._next_url(), "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        url = {"type": ["string", "null"], "format": "uri", "description": "The next page; null: this is the last."}
        properties = {"next": url, "results": schema}
        return {"type": "object", "required": ["next", "results"], "properties": properties}

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        offered = ", ".join(orderings(view, view.queryset.model))  # type: ignore[attr-defined]
        order = f"Of {offered}: one or several with commas between, `-` before one: descending."
        return [
            {"name": "limit", "in": "query", "schema": limit, "description": "Objects on a page."},
            {"name": "after", "in": "query", "schema": {"type": "string"}, "description": "As `next` says it."},
            {"name": "ordering", "in": "query", "schema": {"type": "string"}, "description": order},
        ]

    def _next_url(self) -> str | None:
        if not self.has_more:
            return None
        last = self.page[-1]
        key = SEPARATOR.join(_part(getattr(last, column.lstrip("-"))) for column in self.columns)
        return str(replace_query_param(self.url, "after", key))

    def _after(self, queryset: QuerySet[Row], request: Request) -> QuerySet[Row]:
        after = request.query_params.get("after")
        if after is None:
            return queryset
        parts = [unquote(part) for part in after.split(SEPARATOR)]
        if len(parts) != len(self.columns) or not _is_key(queryset.model, self.columns, parts):
            raise ValidationError({"after": ["This is not the key of a page: take `next` as it is."]})
        return queryset.filter(_behind(self.columns, parts))


def _part(value: object) -> str:
    return quote(value.isoformat() if isinstance(value, datetime) else str(value), safe="@:+")


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    limit = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
    if not 1 <= limit <= MAX_LIMIT:
        raise ValidationError({"limit": [f"A page has 1 to {MAX_LIMIT} objects."]})
    return limit


def _is_key(model: type[Model], columns: tuple[str, ...], parts: list[str]) -> bool:
    """Whether each part could be a value of its column."""
    if any("\0" in part for part in parts):
        return False
    try:
        for column, part in zip(columns, parts, strict=True):
            _column(model, column.lstrip("-")).to_python(part)
    except DjangoValidationError:
        return False
    return True


def _column(model: type[Model], name: str) -> Any:
    return model._meta.pk if name == "pk" else model._meta.get_field(name)


def _behind(columns: tuple[str, ...], parts: list[str]) -> Q:
    """Rows after the one with this key: greater in a column while equal in all before it."""
    behind, equal = Q(pk__in=[]), Q()
    for column, part in zip(columns, parts, strict=True):
        name = column.lstrip("-")
        greater = Q(**{f"{name}__{'lt' if column.startswith('-') else 'gt'}": part})
        behind |= equal & greater
        equal &= Q(**{name: part})
    return behind
