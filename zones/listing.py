"""A page of a zone's record sets: searched, filtered, sorted, and found by the key of the row beside it.

A zone may have a hundred thousand: the last page is as quick to find as the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import F, Func, Q, QuerySet, TextField, Value

from zones.models import RecordSet, Zone

ORDERS = {"name": ("name", "type"), "type": ("type", "name"), "ttl": ("ttl_s", "name", "type")}
"""Columns by what one sorts by. Each ends with what tells record sets apart."""
MOST_COUNTED = 10_000
SEPARATOR = " "
"""Between the parts of a key: no name and no type has one."""
JOINED = Func(F("rdatas"), Value(" "), function="array_to_string", output_field=TextField())
"""All records of a set as one text."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which record sets of a zone. `kind` is a type, `answered` "static" or "steered"; empty: any."""

    text: str = ""
    kind: str = ""
    answered: str = ""

    def __bool__(self) -> bool:
        return bool(self.text or self.kind or self.answered)

    def of(self, zone: Zone) -> QuerySet[RecordSet]:
        found = zone.record_sets.order_by()
        if self.text:
            found = found.alias(joined=JOINED).filter(_says(zone, self.text))
        if self.kind:
            found = found.filter(type=self.kind)
        if self.answered:
            found = found.filter(steered=self.answered == "steered")
        return found


class Page(NamedTuple):
    """Rows and the keys that the pages before and after begin behind; None: there is no such page."""

    rows: list[RecordSet]
    before: str | None
    after: str | None


def page_of(found: QuerySet[RecordSet], order: str, size: int, *, after: str = "", before: str = "") -> Page:
    """`size` rows behind `after` or, read backwards, ahead of `before`. `order`: of ORDERS, "-" first to descend."""
    columns = ORDERS.get(order.lstrip("-"), ORDERS["name"])
    backwards, key = bool(before), _parts(columns, before or after)
    descending = order.startswith("-") != backwards
    if key:
        found = found.filter(_beyond(columns, key, "lt" if descending else "gt"))
    rows = list(found.order_by(*(f"{'-' if descending else ''}{column}" for column in columns))[: size + 1])
    has_more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    has_before, has_after = (has_more, True) if backwards else (bool(key), has_more)
    first, last = (_key(columns, rows[0]), _key(columns, rows[-1])) if rows else (None, None)
    return Page(rows, first if has_before else None, last if has_after else None)


def count(found: QuerySet[RecordSet], page: Page) -> int:
    """How many there are, at most MOST_COUNTED + 1. Where `page` shows all of them, nothing is counted again."""
    is_all = page.before is None and page.after is None
    return len(page.rows) if is_all else found[: MOST_COUNTED + 1].count()


def kinds(zone: Zone) -> list[str]:
    """The types that the zone has."""
    return list(zone.record_sets.order_by("type").values_list("type", flat=True).distinct())


def _says(zone: Zone, text: str) -> Q:
    """In its name, absolute or relative, or in its records."""
    name = text.lower().rstrip(".")
    name = name.removesuffix(f".{zone.origin.rstrip('.')}")
    return Q(name__contains=name) | Q(joined__icontains=text)


def _key(columns: Sequence[str], row: RecordSet) -> str:
    return SEPARATOR.join(str(getattr(row, column)) for column in columns)


def _parts(columns: Sequence[str], key: str) -> list[str]:
    """The parts of a key; nothing for what is none."""
    parts = key.split(SEPARATOR)
    is_key = len(parts) == len(columns) and "\0" not in key and (columns[0] != "ttl_s" or parts[0].isdecimal())
    return parts if is_key else []


def _beyond(columns: Sequence[str], key: Sequence[str], beyond: str) -> Q:
    """Rows beyond a key. The first column is bounded on its own, so that an index finds where they begin."""
    past, equal = Q(), Q()
    for column, part in zip(columns, key, strict=True):
        past |= equal & Q(**{f"{column}__{beyond}": part})
        equal &= Q(**{column: part})
    return Q(**{f"{columns[0]}__{beyond}e": key[0]}) & past
