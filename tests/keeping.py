"""Rows that a fixture has committed, kept for the next test that wants them: made once by the code that makes them in
earnest, and copied back since. Publishing the demo takes most of a second, copying what came of it a hundredth of that.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction

from tests.emptying import UNASKED, filled


class Kept:
    """Rows of every table, once they are made. Sequences only go on: no new row is given the key of one of these."""

    def __init__(self) -> None:
        self._rows: dict[str, bytes] = {}

    def put(self, make: Callable[[], None]) -> None:
        """Put the rows into the database: by `make`, until it does so in an empty one, where all rows are its own."""
        if self._rows:
            self._put_back()
            return
        is_empty = not filled(connection)
        make()
        if is_empty:
            self._keep()

    def _keep(self) -> None:
        with connection.cursor() as cursor:
            for table in filled(connection):
                with cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)") as rows:
                    self._rows[table] = b"".join(rows)

    def _put_back(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(UNASKED)
            for table, kept in self._rows.items():
                with cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as rows:
                    rows.write(kept)
