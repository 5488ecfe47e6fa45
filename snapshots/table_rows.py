"""Rows of tables that seldom change, read again only when their table says something else than it did before.

    table ── SHA-256 of all it says ──┬─ as before ─► the rows read then
                                      └─ other ─────► read

To hash 10,000 rows costs Postgres some hundredths of what they cost to be read here.
"""

from __future__ import annotations

from django.db import connection
from django.db.models import Model, QuerySet

from snapshots.declared import Row

FINGERPRINT = """
    SELECT encode(sha256(string_agg(sha256(convert_to(said::text, 'UTF8')), ''::bytea ORDER BY said.id)), 'hex')
    FROM {table} AS said
"""


class TableRows:
    """Only to be asked in REPEATABLE READ: a table must not change between its fingerprint and its rows."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str | None, list[Row]]] = {}

    def read(self, rows: QuerySet[Model]) -> list[Row]:
        """All rows of a table, in the order of `rows`. They are shared with later calls: not to be changed."""
        said, query = _fingerprint(rows.model), str(rows.query)
        known = self._known.get(query)
        if known is None or known[0] != said:
            known = self._known[query] = (said, list(rows.values()))
        return known[1]


def read_rows(rows: QuerySet[Model]) -> list[Row]:
    """The rows as they are now."""
    return list(rows.values())


def _fingerprint(model: type[Model]) -> str | None:
    """None: the table is empty."""
    with connection.cursor() as cursor:
        cursor.execute(FINGERPRINT.format(table=connection.ops.quote_name(model._meta.db_table)))
        (said,) = cursor.fetchone()
    return None if said is None else str(said)
