"""What of the journal a transaction sees: kept with each generation, it says which entries came after.

Numbers of rows do not tell: of two transactions at once, the one that took its number first may commit last. Postgres
knows which transactions a snapshot of it sees, so that is what is kept.

    "7412650981236583215 1204:1207:1205"     cluster, then pg_current_snapshot()
"""

from __future__ import annotations

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from accounts.audit.models import AuditEntry

NOW = "SELECT system_identifier || ' ' || pg_current_snapshot()::text FROM pg_control_system()"
CLUSTER = "SELECT system_identifier::text FROM pg_control_system()"
SEEN = "pg_visible_in_snapshot({column}::text::xid8, %s::pg_snapshot)"


class UnknownHorizonError(LookupError):
    """The journal cannot tell what came after. The message says why, as a sentence."""


def horizon() -> str:
    """What the present transaction sees; to be kept in REPEATABLE READ, where that does not change any more."""
    with connection.cursor() as cursor:
        cursor.execute(NOW)
        (seen,) = cursor.fetchone()
    return str(seen)


def after(kept: str) -> QuerySet[AuditEntry]:
    """Entries that a horizon does not see. Raises UnknownHorizonError."""
    seen = snapshot_of(kept)
    oldest = int(seen.split(":")[0])
    column = f'"{AuditEntry._meta.db_table}"."transaction"'
    visible = RawSQL(SEEN.format(column=column), [seen])  # noqa: S611 - the column is our own
    return AuditEntry.objects.filter(transaction__gte=oldest).alias(seen=visible).filter(seen=False)


def sees(kept: str, transaction: int) -> bool:
    """Whether what a transaction wrote is seen there. Raises UnknownHorizonError."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {SEEN.format(column='%s')}", [transaction, snapshot_of(kept)])
        (seen,) = cursor.fetchone()
    return bool(seen)


def snapshot_of(kept: str) -> str:
    """Postgres's part of a horizon. Raises UnknownHorizonError for one of another cluster, or none."""
    cluster, _space, seen = kept.partition(" ")
    if not seen:
        raise UnknownHorizonError("It was published by a release that kept no journal.")
    with connection.cursor() as cursor:
        cursor.execute(CLUSTER)
        (ours,) = cursor.fetchone()
    if cluster != ours:
        raise UnknownHorizonError("The database was moved or restored since: its numbers mean something else here.")
    return seen
