"""Counts are kept in buckets of time."""

from __future__ import annotations

from datetime import UTC, datetime

BUCKET_S = 10
NETWORK_BUCKET_S = 600
"""Networks are some thousand, and nobody watches one of them by the second."""

LONG_BUCKET_S = 600
"""Of what is kept for a week: a chart of a day has no room for more."""

ANSWER_TIME_BUCKET_S = 60

SHADOW_BUCKET_S = 600
"""What shadows would answer is asked of the time that they run, not of a moment."""


def bucket_of(moment: datetime, bucket_s: int = BUCKET_S) -> datetime:
    """Start of the bucket that a moment is in."""
    second = int(moment.timestamp())
    return datetime.fromtimestamp(second - second % bucket_s, UTC)
