"""Advisory locks of Postgres: numbers that only one process holds at a time."""

from __future__ import annotations

from django.db import connection

LOCK_SPACE = 0x746D  # "tm": sets these locks apart from those of others in the same database
WAITING, RUNNING = 1, 2  # publishers: snapshots.turn
LEARNING = 3  # latency.services


def held_for_transaction(lock: int) -> bool:
    """Whether a lock is ours until the present transaction ends; False: someone else has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK_SPACE, lock])
        row = cursor.fetchone()
    return bool(row[0])
