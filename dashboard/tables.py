"""The columns of a table: what heads them, what they sort by, and what a file says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import F, Model, QuerySet
from django.db.models.expressions import OrderBy
from django.http import QueryDict

M = TypeVar("M", bound=Model)

Cell = str | int | float | bool | datetime | list[str] | None


@dataclass(frozen=True)
class Column:
    """`name` is what files and `?sort=` call it. `order`: fields that sort by it; none: it does not sort.

    A column that is not `shown` is in files alone.
    """

    name: str
    title: str
    value: Callable[[Any], Cell]
    order: tuple[str, ...] = ()
    is_number: bool = False
    shown: bool = True


@dataclass(frozen=True)
class Head:
    """A column as a page heads it. `query` sorts by it, the other way round if it is sorted so already."""

    column: Column
    query: str
    direction: str
    """`ascending`, `descending`, or nothing."""


def heads_of(columns: Sequence[Column], asked: QueryDict) -> list[Head]:
    """The heads of the columns that are shown."""
    return [_head(column, asked) for column in columns if column.shown]


def ordered(rows: QuerySet[M], columns: Sequence[Column], asked: str) -> QuerySet[M]:
    """`rows` by the column that is asked for, `-` before its name: the last first. As they were for any other."""
    by = next((column for column in columns if column.order and column.name == asked.removeprefix("-")), None)
    if by is None:
        return rows
    return rows.order_by(*(_ordering(field, down=asked.startswith("-")) for field in (*by.order, "pk")))


def _ordering(field: str, *, down: bool) -> OrderBy:
    return F(field).desc(nulls_last=True) if down else F(field).asc(nulls_last=True)


def _head(column: Column, asked: QueryDict) -> Head:
    sorted_by = asked.get("sort", "")
    if not column.order:
        return Head(column, "", "")
    direction = {column.name: "ascending", f"-{column.name}": "descending"}.get(sorted_by, "")
    query = asked.copy()
    query["sort"] = f"-{column.name}" if direction == "ascending" else column.name
    query.pop("page", None)
    return Head(column, f"?{query.urlencode()}", direction)
