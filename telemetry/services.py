"""Counts of answers: taken from the edges' reports into buckets, read for charts, forgotten after a day or a week.

edge ─► Report (boot_id, sequence) ─► seen before? ─ no ─► NodeReport, NodeStanding, QueryCount += counts
                                           │            LongCount += counts, AnswerTime += times of answers
                                           │            NetworkCount += networks, ShadowCount += shadows
                                           │            handshakes ─► handshakes.py
                                           └ yes ─► nothing
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max

from regions.models import EdgeNode
from telemetry.buckets import ANSWER_TIME_BUCKET_S, LONG_BUCKET_S, NETWORK_BUCKET_S, SHADOW_BUCKET_S, bucket_of
from telemetry.charts import (
    Demand,
    Exploration,
    Rate,
    Share,
    Tried,
    countries,
    demand,
    exploration,
    networks,
    node_rates,
    policies,
    rates,
    rcodes,
    split,
    tried,
)
from telemetry.handshakes import record_handshakes
from telemetry.ledger import (
    add_answer_times,
    add_counts,
    add_long_counts,
    add_networks,
    add_shadows,
    take_report,
    take_standing,
)
from telemetry.models import AnswerTime, LongCount, NetworkCount, NodeReport, NodeStanding, QueryCount, ShadowCount
from telemetry.report import Report

__all__ = [
    "Demand",
    "Exploration",
    "Rate",
    "Share",
    "Tried",
    "countries",
    "demand",
    "exploration",
    "forget",
    "highest_generation",
    "highest_map",
    "highest_trust",
    "networks",
    "node_rates",
    "policies",
    "rates",
    "rcodes",
    "record_report",
    "split",
    "tried",
]

KEPT = timedelta(hours=24)
KEPT_LONG = timedelta(days=7)
LEAP = 1_000_000
"""A node that says it is further ahead is not believed: one that lies could use up all numbers."""


def record_report(node: EdgeNode, report: Report, now: datetime, *, allow_private: bool = False) -> bool:
    """Count what a node reports. False: this very report was counted before.

    `allow_private`: whether handshakes of clients count whose addresses are not public.
    """
    with transaction.atomic():
        if not take_report(node, report, now):
            return False
        if report.standing is not None:
            take_standing(node, report.standing)
        add_counts(node, report, bucket_of(now))
        add_long_counts(node, report, bucket_of(now, LONG_BUCKET_S))
        if report.condition is not None:
            add_answer_times(node, report.condition, bucket_of(now, ANSWER_TIME_BUCKET_S))
        add_networks(node, report, bucket_of(now, NETWORK_BUCKET_S))
        add_shadows(node, report, bucket_of(now, SHADOW_BUCKET_S))
        record_handshakes(node, report, now, allow_private=allow_private)  # last: it writes rows that all share
    return True


def highest_generation(served: int) -> int:
    """The highest generation that a node serves, if the database has gone back behind it; else `served`."""
    ahead = NodeReport.objects.filter(generation__gt=served, generation__lte=served + LEAP)
    return ahead.aggregate(highest=Max("generation"))["highest"] or served


def highest_map(made: int) -> int:
    """The same of latency maps."""
    ahead = NodeStanding.objects.filter(latency_sequence__gt=made, latency_sequence__lte=made + LEAP)
    return ahead.aggregate(highest=Max("latency_sequence"))["highest"] or made


def highest_trust(stated: int) -> int:
    """The same of statements of trust."""
    ahead = NodeStanding.objects.filter(trust_version__gt=stated, trust_version__lte=stated + LEAP)
    return ahead.aggregate(highest=Max("trust_version"))["highest"] or stated


def forget(now: datetime) -> int:
    """Delete counts that are too old. Returns how many rows."""
    a_day = (QueryCount, AnswerTime, NetworkCount, ShadowCount)
    old = [counts.objects.filter(bucket__lt=now - KEPT).delete() for counts in a_day]
    old.append(LongCount.objects.filter(bucket__lt=now - KEPT_LONG).delete())
    return sum(deleted for deleted, _by_model in old)
