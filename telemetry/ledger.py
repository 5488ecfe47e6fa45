"""Writes reports so that each counts once, however often it arrives."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection

from regions.models import EdgeNode
from telemetry.report import Condition, Report, Standing

TAKE_REPORT = """
    INSERT INTO telemetry_nodereport AS known
           (node_id, boot_id, sequence, generation, health_sequence, version, queries, reported,
            uptime_s, health_age_s, feed, relays)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (node_id) DO UPDATE
       SET boot_id = excluded.boot_id, sequence = excluded.sequence, generation = excluded.generation,
           health_sequence = excluded.health_sequence, version = excluded.version, queries = excluded.queries,
           reported = excluded.reported, uptime_s = excluded.uptime_s, health_age_s = excluded.health_age_s,
           feed = excluded.feed, relays = excluded.relays
     WHERE known.boot_id <> excluded.boot_id OR known.sequence < excluded.sequence
"""
TAKE_STANDING = """
    INSERT INTO telemetry_nodestanding AS known
           (node_id, latency_sequence, trust_version, refusals, last_refusal, orders, switched_off)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (node_id) DO UPDATE
       SET latency_sequence = excluded.latency_sequence, trust_version = excluded.trust_version,
           refusals = excluded.refusals, last_refusal = excluded.last_refusal, orders = excluded.orders,
           switched_off = excluded.switched_off
     WHERE (known.latency_sequence, known.trust_version, known.refusals, known.last_refusal, known.orders,
            known.switched_off)
           IS DISTINCT FROM (excluded.latency_sequence, excluded.trust_version, excluded.refusals,
                             excluded.last_refusal, excluded.orders, excluded.switched_off)
"""
ADD_COUNTS = """
    INSERT INTO telemetry_querycount AS known (bucket, node_id, policy_id, endpoint_id, country, rcode, count, explored)
    SELECT %s, %s, counted.*
      FROM unnest(%s::int[], %s::int[], %s::text[], %s::smallint[], %s::bigint[], %s::bigint[]) AS counted
    ON CONFLICT (bucket, node_id, policy_id, endpoint_id, country, rcode) DO UPDATE
       SET count = known.count + excluded.count, explored = known.explored + excluded.explored
"""
ADD_LONG_COUNTS = """
    INSERT INTO telemetry_longcount AS known (bucket, node_id, policy_id, endpoint_id, country, count)
    SELECT %s, %s, counted.*
      FROM unnest(%s::int[], %s::int[], %s::text[], %s::bigint[]) AS counted
    ON CONFLICT (bucket, node_id, policy_id, endpoint_id, country) DO UPDATE
       SET count = known.count + excluded.count
"""
ADD_ANSWER_TIMES = """
    INSERT INTO telemetry_answertime AS known (bucket, node_id, bound_ns, count)
    SELECT %s, %s, counted.*
      FROM unnest(%s::bigint[], %s::bigint[]) AS counted
    ON CONFLICT (bucket, node_id, bound_ns) DO UPDATE
       SET count = known.count + excluded.count
"""
ADD_NETWORKS = """
    INSERT INTO telemetry_networkcount AS known (bucket, node_id, policy_id, network, count)
    SELECT %s, %s, counted.*
      FROM unnest(%s::int[], %s::bigint[], %s::bigint[]) AS counted
    ON CONFLICT (bucket, node_id, policy_id, network) DO UPDATE
       SET count = known.count + excluded.count
"""
ADD_SHADOWS = """
    INSERT INTO telemetry_shadowcount AS known
           (bucket, node_id, shadow_id, country, endpoint_id, shadow_endpoint_id, count)
    SELECT %s, %s, counted.*
      FROM unnest(%s::int[], %s::text[], %s::int[], %s::int[], %s::bigint[]) AS counted
    ON CONFLICT (bucket, node_id, shadow_id, country, endpoint_id, shadow_endpoint_id) DO UPDATE
       SET count = known.count + excluded.count
"""


def take_report(node: EdgeNode, report: Report, now: datetime) -> bool:
    """Make this the node's last report. False: it was taken before."""
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE_REPORT,
            [
                node.pk,
                report.boot_id,
                report.sequence,
                report.generation,
                report.health_sequence,
                report.version,
                report.queries,
                now,
                *_said(report.condition),
            ],
        )
        return bool(cursor.rowcount)


def take_standing(node: EdgeNode, standing: Standing) -> None:
    """Make this what the node last said of itself; nothing is written while it says the same."""
    said = [json.dumps(part) for part in (standing.refusals, standing.orders, standing.switched_off)]
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE_STANDING,
            [node.pk, standing.latency_sequence, standing.trust_version, said[0], standing.last_refusal, *said[1:]],
        )


def _said(condition: Condition | None) -> tuple[float | None, float | None, str, int | None]:
    if condition is None:
        return None, None, "", None
    return condition.uptime_s, condition.health_age_s, condition.feed, condition.relays


def add_counts(node: EdgeNode, report: Report, bucket: datetime) -> None:
    """Add the report's counts to those of the bucket."""
    counts: Counter[tuple[int, int, str, int]] = Counter()
    explored: Counter[tuple[int, int, str, int]] = Counter()
    for answer in report.answers:  # one statement cannot touch a row twice, and a node may repeat a key
        key = (answer.policy, answer.endpoint, answer.country, answer.rcode)
        counts[key] += answer.count
        explored[key] += answer.count * answer.explored
    _add(ADD_COUNTS, node, bucket, counts, explored)


def add_long_counts(node: EdgeNode, report: Report, bucket: datetime) -> None:
    """Add the report's counts to those of the longer bucket."""
    counts: Counter[tuple[int, int, str]] = Counter()
    for answer in report.answers:
        counts[answer.policy, answer.endpoint, answer.country] += answer.count
    _add(ADD_LONG_COUNTS, node, bucket, counts)


def add_answer_times(node: EdgeNode, condition: Condition, bucket: datetime) -> None:
    """Add how long answers took to those of the bucket."""
    counts: Counter[tuple[int]] = Counter()
    for bound_ns, count in condition.answer_times:
        counts[(bound_ns,)] += count
    _add(ADD_ANSWER_TIMES, node, bucket, counts)


def add_networks(node: EdgeNode, report: Report, bucket: datetime) -> None:
    """Add the report's counts of networks to those of the bucket."""
    counts: Counter[tuple[int, int]] = Counter()
    for network in report.networks:
        counts[network.policy, network.network] += network.count
    _add(ADD_NETWORKS, node, bucket, counts)


def add_shadows(node: EdgeNode, report: Report, bucket: datetime) -> None:
    """Add the report's counts of what shadows would have answered to those of the bucket."""
    counts: Counter[tuple[int, str, int, int]] = Counter()
    for tried in report.shadows:
        counts[tried.shadow, tried.country, tried.endpoint, tried.shadow_endpoint] += tried.count
    _add(ADD_SHADOWS, node, bucket, counts)


def _add(statement: str, node: EdgeNode, bucket: datetime, *counts: Mapping[tuple[Any, ...], int]) -> None:
    """Adds counts, all of the same keys."""
    if not counts[0]:
        return
    # In one order: two statements that touch the same rows do not wait for each other.
    keys = sorted(counts[0])
    columns = [list(column) for column in zip(*keys, strict=True)]
    columns += [[each[key] for key in keys] for each in counts]
    with connection.cursor() as cursor:
        cursor.execute(statement, [bucket, node.pk, *columns])
