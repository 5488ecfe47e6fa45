"""How the database is emptied after a test that commits: only tables that have rows, and without asking what refers to
them. Django truncates every table and makes content types and permissions anew, which takes longer than most tests.
"""

from __future__ import annotations

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import TransactionTestCase

KEPT = {"django_content_type", "auth_permission", "django_migrations"}
"""What migrating has put there."""


def empty_quickly() -> None:
    """From now on."""
    TransactionTestCase._fixture_teardown = _empty_all  # type: ignore[attr-defined]


def _empty_all(case: TransactionTestCase) -> None:
    for name in case._databases_names(include_mirrors=False):  # type: ignore[attr-defined]
        _empty(connections[name])


def _empty(database: BaseDatabaseWrapper) -> None:
    tables = set(database.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT
    quoted = {table: database.ops.quote_name(table) for table in sorted(tables)}
    has_rows = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {quoted[table]})" for table in quoted)
    with database.cursor() as cursor:
        cursor.execute(has_rows)
        filled = [table for (table,) in cursor.fetchall()]
        if filled:
            statements = [f"DELETE FROM {quoted[table]}" for table in filled]
            cursor.execute("; ".join(["BEGIN", "SET LOCAL session_replication_role = replica", *statements, "COMMIT"]))
