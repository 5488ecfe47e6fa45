"""Counts of answers: taken from the edges' reports into buckets, read for charts, forgotten after a day.

edge ─► Report (boot_id, sequence) ─► seen before? ─ no ─► NodeReport, QueryCount += counts
                                           └ yes ─► nothing
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from regions.models import EdgeNode
from telemetry.buckets import bucket_of
from telemetry.charts import Rate, Share, countries, rates, rcodes, split
from telemetry.ledger import add_counts, take_report
from telemetry.models import QueryCount
from telemetry.report import Report

__all__ = ["Rate", "Share", "countries", "forget", "rates", "rcodes", "record_report", "split"]

KEPT = timedelta(hours=24)


def record_report(node: EdgeNode, report: Report, now: datetime) -> bool:
    """Count what a node reports. False: this very report was counted before."""
    with transaction.atomic():
        if not take_report(node, report, now):
            return False
        add_counts(node, report, bucket_of(now))
    return True


def forget(now: datetime) -> int:
    """Delete counts older than a day. Returns how many rows."""
    deleted, _by_model = QueryCount.objects.filter(bucket__lt=now - KEPT).delete()
    return deleted
