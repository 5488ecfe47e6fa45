"""Advisory locks of Postgres: numbers that only one process holds at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

LOCK_SPACE = 0x746D  # "tm": sets these locks apart from those of others in the same database
WAITING, RUNNING = 1, 2  # publishers: snapshots.turn
LEARNING = 3  # latency.services
WATCHING = 4  # healthchecks.tasks


def held_for_transaction(lock: int) -> bool:
    """Whether a lock is ours until the present transaction ends; False: someone else has it."""
    return call("pg_try_advisory_xact_lock", lock)


@contextmanager
def alone(lock: int) -> Iterator[bool]:
    """Whether a lock is ours, over as many transactions as happen within; False: someone else has it."""
    is_ours = call("pg_try_advisory_lock", lock)
    try:
        yield is_ours
    finally:
        if is_ours:
            call("pg_advisory_unlock", lock)


def call(function: str, lock: int) -> bool:
    """What one of Postgres' own functions says of a lock."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s, %s)", [LOCK_SPACE, lock])
        row = cursor.fetchone()
    return bool(row[0])
