"""Writes what was learned about learning: sums that are added to those of their bucket, whoever adds first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import connection

from latency.calibration import Cell, Sums
from latency.coverage import Covered, Pair
from latency.models import LatencyCoverage

ADD_COMPARED = """
    INSERT INTO latency_latencycalibration AS known
           (bucket, newest, region_id, country, bin,
            count, predicted_log, ratio_log, ratio_log_absolute, ratio_log_square, error_us)
    SELECT %s, %s, compared.*
      FROM unnest(%s::bigint[], %s::text[], %s::smallint[],
                  %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[]) AS compared
    ON CONFLICT (bucket, region_id, country, bin) DO UPDATE
       SET count = known.count + excluded.count, predicted_log = known.predicted_log + excluded.predicted_log,
           ratio_log = known.ratio_log + excluded.ratio_log,
           ratio_log_absolute = known.ratio_log_absolute + excluded.ratio_log_absolute,
           ratio_log_square = known.ratio_log_square + excluded.ratio_log_square,
           error_us = known.error_us + excluded.error_us, newest = greatest(known.newest, excluded.newest)
"""


def add_compared(compared: Mapping[Cell, Sums], bucket: datetime, now: datetime) -> None:
    """Add the comparisons of a turn to those of the bucket."""
    if not compared:
        return
    cells = sorted(compared)
    columns = [list(column) for column in zip(*(cell + compared[cell].values() for cell in cells), strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(ADD_COMPARED, [bucket, now, *columns])


def replace_coverage(covered: Mapping[Pair, Covered]) -> None:
    """Make this what the newest full map rests on. Within the transaction of one who learns alone."""
    LatencyCoverage.objects.all().delete()
    LatencyCoverage.objects.bulk_create(
        LatencyCoverage(
            country=pair.country,
            region_id=pair.region_id,
            clients=found.clients,
            served=found.served,
            own=found.own,
            network=found.network,
            of_country=found.country,
            samples=found.samples,
        )
        for pair, found in covered.items()
    )
