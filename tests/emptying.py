"""How the database is emptied after a test that commits: only tables that have rows, and without asking what refers to
them. Django truncates every table and makes content types and permissions anew, which takes longer than most tests.
"""

from __future__ import annotations

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

KEPT = {"django_content_type", "auth_permission", "django_migrations"}
"""What migrating has put there."""
UNASKED = "SET LOCAL session_replication_role = replica"
"""Until the transaction ends, no trigger and no reference is looked at."""


def empty_quickly() -> None:
    """From now on."""
    TransactionTestCase._fixture_teardown = _empty_all  # type: ignore[attr-defined]


def filled(database: BaseDatabaseWrapper) -> list[str]:
    """Quoted names of the tables that have rows which a test has put there."""
    tables = set(database.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    quoted = [database.ops.quote_name(table) for table in sorted(tables)]
    has_rows = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in quoted)
    with database.cursor() as cursor:
        cursor.execute(has_rows)
        return [table for (table,) in cursor.fetchall()]


def _empty_all(case: TransactionTestCase) -> None:
    for name in case._databases_names(include_mirrors=False):  # type: ignore[attr-defined]
        empty(connections[name])


def empty(database: BaseDatabaseWrapper) -> None:
    """All but what migrating has put there."""
    tables = filled(database)
    if tables:
        with database.cursor() as cursor:
            cursor.execute("; ".join(["BEGIN", UNASKED, *(f"DELETE FROM {table}" for table in tables), "COMMIT"]))
