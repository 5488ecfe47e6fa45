"""Partitions by time: made ahead, and dropped whole once all they hold is too old.

Minutes are kept by the day and for days, hours by the month and for a year and a month.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection, transaction
from psycopg import sql

from healthchecks.history.models import HourOutcomes, MinuteOutcomes

KEEP_MINUTES = timedelta(days=3)
KEEP_HOURS = timedelta(days=396)
LOCK_WAIT_MS = 2000
"""Who changes partitions waits for those who read, and those who store wait behind: not for long."""

_STARTS_AT = re.compile(r"_p(\d{8})$")


@dataclass(frozen=True)
class Partitioned:
    """A table whose partitions begin where `start` says and end where the next one begins."""

    table: str
    start: Callable[[datetime], datetime]
    longest: timedelta  # of one partition, and less than two of them
    keep: timedelta
    ahead: timedelta

    def wanted(self, now: datetime) -> Iterator[datetime]:
        """When each partition begins that has to be there: the present one and those ahead."""
        begin = self.start(now)
        while begin <= now + self.ahead:
            yield begin
            begin = self.after(begin)

    def after(self, begin: datetime) -> datetime:
        """When the partition ends that begins then."""
        return self.start(begin + self.longest)

    def is_expired(self, begin: datetime, now: datetime) -> bool:
        return self.after(begin) <= now - self.keep

    def name(self, begin: datetime) -> str:
        return f"{self.table}_p{begin:%Y%m%d}"


def day_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def month_of(moment: datetime) -> datetime:
    return day_of(moment).replace(day=1)


MINUTES = Partitioned(MinuteOutcomes._meta.db_table, day_of, timedelta(days=1), KEEP_MINUTES, timedelta(days=2))
HOURS = Partitioned(HourOutcomes._meta.db_table, month_of, timedelta(days=31), KEEP_HOURS, timedelta(days=31))


def keep_partitions(now: datetime) -> None:
    """Make the partitions that will be needed, and drop those that are too old. Can be called again and again."""
    for partitioned in (MINUTES, HOURS):
        there = _existing(partitioned)
        for begin in partitioned.wanted(now):
            if begin not in there:
                _make(partitioned, begin)
        for begin in there:
            if partitioned.is_expired(begin, now):
                _alter(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(partitioned.name(begin))))


def _existing(partitioned: Partitioned) -> set[datetime]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid WHERE inhparent = %s::regclass",
            [partitioned.table],
        )
        names = [str(name) for (name,) in cursor.fetchall()]
    found = [_STARTS_AT.search(name) for name in names]
    return {datetime.strptime(match[1], "%Y%m%d").replace(tzinfo=UTC) for match in found if match}


def _make(partitioned: Partitioned, begin: datetime) -> None:
    _alter(
        sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF {} FOR VALUES FROM ({}) TO ({})").format(
            sql.Identifier(partitioned.name(begin)),
            sql.Identifier(partitioned.table),
            sql.Literal(begin),
            sql.Literal(partitioned.after(begin)),
        )
    )


def _alter(statement: sql.Composed) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}")
        cursor.execute(statement)
