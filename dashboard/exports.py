"""Tables as files, CSV or JSON: the rows that a page shows, all pages of them, a few at a time.

queryset ─► keys in their order (8 octets each) ─► rows, BATCH at a time ─► cells ─► lines of the file
"""

from __future__ import annotations

import csv
import io
import json
from array import array
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db.models import Model, QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from dashboard.tables import Cell, Column

M = TypeVar("M", bound=Model)

BATCH = 500
FORMATS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A text that begins so is a formula to a spreadsheet (OWASP, CSV injection): an apostrophe keeps it a text."""

Batches = Iterator[Sequence[Any]]


def format_asked(request: HttpRequest) -> str | None:
    """`csv` or `json` if the table is asked for as such a file."""
    asked = request.GET.get("format", "")
    return asked if asked in FORMATS else None


def exported(name: str, columns: Sequence[Column], batches: Batches, file_format: str) -> StreamingHttpResponse:
    """The rows of a table as a file that is called after it and the present second."""
    lines = _csv_lines(columns, batches) if file_format == "csv" else _json_lines(columns, batches)
    response = StreamingHttpResponse(_sent(lines), content_type=FORMATS[file_format])
    filename = f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{file_format}"
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["Cache-Control"] = "no-store"
    return response


def stored(rows: QuerySet[M], rows_of: Callable[[list[M]], Sequence[Any]] = list) -> Batches:
    """Rows of the database in their order, as one moment saw it; `rows_of` adds what a table says of them besides."""
    keys = array("q", rows.prefetch_related(None).values_list("pk", flat=True).iterator())
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        found = rows.in_bulk(batch)
        yield rows_of([found[key] for key in batch if key in found])


def held(rows: Sequence[Any]) -> Batches:
    """Rows that are in memory anyway."""
    yield rows


async def _sent(lines: Iterator[str]) -> AsyncIterator[str]:
    """`lines`, each made in the thread that the request's database connection belongs to."""
    following = sync_to_async(partial(next, lines, None))
    while (line := await following()) is not None:
        yield line


def _csv_lines(columns: Sequence[Column], batches: Batches) -> Iterator[str]:
    yield _csv([[column.name for column in columns]])
    for batch in batches:
        yield _csv([_csv_cell(column.value(row)) for column in columns] for row in batch)


def _csv(rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows(rows)
    return written.getvalue()


def _csv_cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
    if isinstance(cell, list):
        return _csv_cell("; ".join(cell))
    if cell is None:
        return ""
    return str(_plain(cell)).lower() if isinstance(cell, bool) else str(_plain(cell))


def _json_lines(columns: Sequence[Column], batches: Batches) -> Iterator[str]:
    before = "[\n"
    for batch in batches:
        rows = (json.dumps({column.name: _plain(column.value(row)) for column in columns}) for row in batch)
        if text := ",\n".join(rows):
            yield before + text
            before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _plain(cell: Cell) -> Any:
    return cell.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(cell, datetime) else cell
