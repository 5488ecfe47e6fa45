"""Outcomes added up in the database: counts are summed, sketches merged by summing their buckets (sketch.merged)."""

from __future__ import annotations


def added_up(source: str, by: str) -> str:
    """A statement that adds up `source`, a query of outcomes, by the columns `by`: they come first, then `probes`,
    `failures`, `buckets` and `counts`."""
    return f"""
        WITH source AS ({source}),
        counted AS (SELECT {by}, sum(probes) AS probes, sum(failures) AS failures FROM source GROUP BY {by}),
        bucketed AS (
            SELECT {by}, bucket, sum(count) AS count
            FROM source, unnest(buckets, counts) AS held (bucket, count) GROUP BY {by}, bucket
        ),
        sketched AS (
            SELECT {by}, array_agg(bucket ORDER BY bucket) AS buckets, array_agg(count ORDER BY bucket) AS counts
            FROM bucketed GROUP BY {by}
        )
        SELECT {by}, probes, failures, coalesce(buckets, '{{}}') AS buckets, coalesce(counts, '{{}}') AS counts
        FROM counted LEFT JOIN sketched USING ({by})
    """  # noqa: S608 - names of columns
