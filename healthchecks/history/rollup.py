"""Minutes added up to hours: each hour once it is settled, in one statement that can be repeated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

from healthchecks.history.adding_up import added_up
from healthchecks.history.models import HourOutcomes, MinuteOutcomes, Rollup
from healthchecks.history.partitions import KEEP_MINUTES

HOUR = timedelta(hours=1)
SETTLED_AFTER = timedelta(minutes=15)
"""No worker stores a minute later than this after its end (writer.KEEP_S and what storing takes)."""

_SETTLED = f"SELECT * FROM {MinuteOutcomes._meta.db_table} WHERE minute >= %(begin)s AND minute < %(end)s"  # noqa: S608
_ADD_UP = f"""
    INSERT INTO {HourOutcomes._meta.db_table}
        (hour, assignment_id, vantage_id, family, probes, failures, buckets, counts)
    SELECT %(begin)s, added.* FROM ({added_up(_SETTLED, "assignment_id, vantage_id, family")}) AS added
    ON CONFLICT (assignment_id, vantage_id, family, hour) DO UPDATE SET
        probes = EXCLUDED.probes, failures = EXCLUDED.failures, buckets = EXCLUDED.buckets, counts = EXCLUDED.counts
"""  # noqa: S608 - names of tables


def hour_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def roll_up(now: datetime) -> int:
    """Add up the settled hours that have not been; returns how many. Another worker that is at it is left to it."""
    settled = hour_of(now - SETTLED_AFTER)
    Rollup.objects.get_or_create(singleton=True, defaults={"until": settled - KEEP_MINUTES})
    hours = 0
    while _next_hour(settled):
        hours += 1
    return hours


def _next_hour(settled: datetime) -> bool:
    """Add up one hour; False: there is none, or someone else is at it."""
    with transaction.atomic():
        row = Rollup.objects.select_for_update(skip_locked=True).filter(until__lt=settled).first()
        if row is None:
            return False
        begin = max(row.until, settled - KEEP_MINUTES)
        add_up(begin)
        row.until = begin + HOUR
        row.save(update_fields=["until"])
    return True


def add_up(hour: datetime) -> None:
    """Add up what is stored of the hour that begins then, instead of what was added up of it before."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD_UP, {"begin": hour, "end": hour + HOUR})
