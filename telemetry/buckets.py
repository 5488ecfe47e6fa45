"""Counts are kept in buckets of time."""

from __future__ import annotations

from datetime import UTC, datetime

BUCKET_S = 10


def bucket_of(moment: datetime) -> datetime:
    """Start of the bucket that a moment is in."""
    second = int(moment.timestamp())
    return datetime.fromtimestamp(second - second % BUCKET_S, UTC)
