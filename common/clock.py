"""The time that several machines can compare."""

from __future__ import annotations

from datetime import datetime

from django.db import connection


def database_time() -> datetime:
    """The time of the database: what one machine has noted by it, another can tell the age of."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    assert isinstance(now, datetime)  # noqa: S101 - for type checkers
    return now
