"""By what a list may be ordered: columns that are shown and never null."""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, CharField, DateTimeField, Field, FloatField, IntegerField, Model
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

PARAMETER = "ordering"
SORTABLE = (BooleanField, CharField, DateTimeField, FloatField, IntegerField)
MOST_COLUMNS = 3


def columns_of(request: Request, view: APIView | None, model: type[Model]) -> tuple[str, ...]:
    """What the list is ordered by, ending with its key. Raises ValidationError for what is not offered."""
    key: tuple[str, ...] = getattr(view, "page_key", ("name",))
    asked = [part for part in request.query_params.get(PARAMETER, "").split(",") if part]
    offered = orderings(view, model)
    unknown = [part for part in asked if part.removeprefix("-") not in offered]
    if unknown:
        choice = ", ".join(offered)
        raise ValidationError({PARAMETER: [f"Nothing is ordered by {unknown[0]}: there are {choice}."]})
    names = [part.removeprefix("-") for part in asked]
    if len(names) > MOST_COLUMNS or len(set(names)) < len(names):
        raise ValidationError({PARAMETER: [f"Name up to {MOST_COLUMNS} fields, each once."]})
    rest = [column for column in key if column.removeprefix("-") not in names]
    return (*asked, *rest)


def orderings(view: APIView | None, model: type[Model]) -> list[str]:
    """The fields that a list may be ordered by, as they are called in documents as well as in the table."""
    serializer = view.get_serializer_class() if view is not None else None  # type: ignore[attr-defined]
    shown = set(getattr(getattr(serializer, "Meta", None), "fields", []))
    key: tuple[str, ...] = getattr(view, "page_key", ("name",))
    columns = {column.name for column in model._meta.concrete_fields if _sortable(column)}
    return sorted((shown & columns) | {column.lstrip("-") for column in key})


def _sortable(column: Field[Any, Any]) -> bool:
    return isinstance(column, SORTABLE) and not column.null
