"""Minutes into the database, thousands of rows in one statement."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.db import connection

from healthchecks.history.minute_log import MinuteRow
from healthchecks.history.models import MinuteOutcomes

_STORE = f"""
    INSERT INTO {MinuteOutcomes._meta.db_table}
        (assignment_id, vantage_id, family, minute, writer, probes, failures, buckets, counts)
    SELECT assignment, vantage, family, to_timestamp(minute), %s, probes, failures, buckets, counts
    FROM json_to_recordset(%s) AS seen (
        assignment bigint, vantage integer, family smallint, minute bigint,
        probes integer, failures integer, buckets smallint[], counts integer[]
    )
    ON CONFLICT (assignment_id, vantage_id, family, minute, writer) DO UPDATE SET
        probes = EXCLUDED.probes, failures = EXCLUDED.failures, buckets = EXCLUDED.buckets, counts = EXCLUDED.counts
"""  # noqa: S608 - the name of a table


def store_minutes(writer: int, rows: Sequence[MinuteRow]) -> None:
    """Store what the process `writer` has counted, instead of what it said of the same minutes before."""
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [writer, json.dumps([_record(row) for row in rows])])


def _record(row: MinuteRow) -> dict[str, object]:
    assignment, family, vantage = row.key
    sketch = sorted(row.tally.sketch.items())
    return {
        "assignment": assignment,
        "vantage": vantage,
        "family": family,
        "minute": row.minute,
        "probes": row.tally.probes,
        "failures": row.tally.failures,
        "buckets": [bucket for bucket, _count in sketch],
        "counts": [count for _bucket, count in sketch],
    }
