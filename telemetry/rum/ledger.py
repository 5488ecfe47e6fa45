"""Writes observations so that each counts once, however often and over how many processes it arrives.

All statements of a batch are one transaction: what is remembered as counted is counted. Rows are written in one order,
so that two batches that touch the same ones wait for each other, but never both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from telemetry.rum.judging import MAX_COUNT, Observation, Reason
from telemetry.rum.sketch import Sketch

Cell = tuple[int, str, int]
"""Start of the window in seconds since 1970, prefix, endpoint."""

REMEMBER = """
    INSERT INTO telemetry_countedbeacon (seen, identity)
    SELECT to_timestamp(given.seen_s), given.identity
      FROM unnest(%s::bigint[], %s::bigint[]) AS given (seen_s, identity)
    ON CONFLICT DO NOTHING
    RETURNING identity
"""
ADD_SKETCHES = f"""
    WITH given AS (
         SELECT to_timestamp(window_s) AS start, prefix, endpoint_id, count, log_sum, log_square_sum,
                bins_1, bins_2, bins_3, place
           FROM unnest(%s::bigint[], %s::inet[], %s::int[], %s::int[], %s::bigint[], %s::bigint[],
                       %s::bigint[], %s::bigint[], %s::bigint[]) WITH ORDINALITY
             AS sent (window_s, prefix, endpoint_id, count, log_sum, log_square_sum, bins_1, bins_2, bins_3, place)
    ), added AS (
         INSERT INTO telemetry_beaconwindow AS known
                (start, prefix, endpoint_id, count, log_sum, log_square_sum, bins_1, bins_2, bins_3)
         SELECT start, prefix, endpoint_id, count, log_sum, log_square_sum, bins_1, bins_2, bins_3 FROM given
         ON CONFLICT (start, prefix, endpoint_id) DO UPDATE
            SET count = known.count + excluded.count, log_sum = known.log_sum + excluded.log_sum,
                log_square_sum = known.log_square_sum + excluded.log_square_sum,
                bins_1 = known.bins_1 + excluded.bins_1, bins_2 = known.bins_2 + excluded.bins_2,
                bins_3 = known.bins_3 + excluded.bins_3
          WHERE known.count + excluded.count <= {MAX_COUNT}
         RETURNING start, prefix, endpoint_id
    )
    SELECT place FROM given LEFT JOIN added USING (start, prefix, endpoint_id)
     WHERE added.endpoint_id IS NULL
"""  # noqa: S608 - a number of ours
KEEP_GAINS = "INSERT INTO telemetry_unlearnedbeacons (added, gains) VALUES (%s, %s)"
TAKE_GAINS = """
    DELETE FROM telemetry_unlearnedbeacons
     WHERE id IN (SELECT id
                    FROM (SELECT id, octet_length(gains) AS octets,
                                 sum(octet_length(gains)) OVER (ORDER BY id) AS octets_until
                            FROM telemetry_unlearnedbeacons) AS waiting
                   WHERE octets_until - octets < %s)
    RETURNING gains
"""
ADD_REFUSED = """
    INSERT INTO telemetry_refusedbeacons AS known (bucket, reason, count)
    SELECT %s, refused.* FROM unnest(%s::text[], %s::bigint[]) AS refused
    ON CONFLICT (bucket, reason) DO UPDATE SET count = known.count + excluded.count
"""


def take_new(observations: Sequence[Observation]) -> list[Observation]:
    """Remember observations, and return those that were not remembered before; of copies among them, one."""
    new = {(observation.seen_s, observation.identity): observation for observation in observations}
    keys = sorted(new)
    if not keys:
        return []
    with connection.cursor() as cursor:
        cursor.execute(REMEMBER, [_array(key[0] for key in keys), _array(key[1] for key in keys)])
        if cursor.rowcount == len(keys):
            return list(new.values())
        fresh = {identity for (identity,) in cursor.fetchall()}
    return [observation for observation in new.values() if observation.identity in fresh]


def add_sketches(sketches: Mapping[Cell, Sketch]) -> dict[Cell, Sketch]:
    """Merge sketches into those of their windows. Returns those that were: the others found theirs full."""
    if not sketches:
        return {}
    cells = sorted(sketches)
    kept = [sketches[cell] for cell in cells]
    columns: list[Iterable[Any]] = [
        *zip(*cells, strict=True),
        [sketch.count for sketch in kept],
        [sketch.log_sum for sketch in kept],
        [sketch.log_square_sum for sketch in kept],
        *zip(*(sketch.words() for sketch in kept), strict=True),
    ]
    with connection.cursor() as cursor:
        cursor.execute(ADD_SKETCHES, [_array(column) for column in columns])
        full = {cells[place - 1] for (place,) in cursor.fetchall()}
    return {cell: sketches[cell] for cell in cells if cell not in full}


def keep_gains(gains: bytes, now: datetime) -> None:
    """Keep what was added to windows (telemetry.rum.gains) for who learns from it."""
    if gains:
        with connection.cursor() as cursor:
            cursor.execute(KEEP_GAINS, [now, gains])


def take_gains(most_octets: int) -> list[bytes]:
    """What was kept and not taken yet, the oldest first, until it has `most_octets`. Gone with this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE_GAINS, [most_octets])
        return [bytes(gains) for (gains,) in cursor.fetchall()]


def add_refused(refused: Counter[Reason], bucket: datetime) -> None:
    """Add to the counts of what did not count. Last in its transaction: all that refuse something share these rows."""
    reasons = sorted(reason for reason, count in refused.items() if count)
    if not reasons:
        return
    with connection.cursor() as cursor:
        cursor.execute(ADD_REFUSED, [bucket, reasons, [refused[reason] for reason in reasons]])


def _array(values: Iterable[Any]) -> str:
    """An array as Postgres reads it, of values that need no quotes: a fifth of the time that adapting each takes."""
    return "{" + ",".join(map(str, values)) + "}"
