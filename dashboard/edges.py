"""How edge nodes are doing, by their last reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from regions.models import EdgeNode
from snapshots.models import Snapshot
from telemetry.models import NodeReport

FRESH = timedelta(seconds=15)
"""Nodes report every second; one silent for this long is shown as such."""


@dataclass(frozen=True)
class Edge:
    """A node and its last report. `state` is `current`, `behind`, `silent` or `never` (never seen)."""

    node: EdgeNode
    report: NodeReport | None
    state: str


def published_generation() -> int:
    """The newest generation; 0 before the first."""
    return Snapshot.objects.order_by("-generation").values_list("generation", flat=True).first() or 0


def edges_of(nodes: QuerySet[EdgeNode], now: datetime) -> list[Edge]:
    """Each node with its last report, in the order of `nodes`."""
    newest = published_generation()
    found = nodes.select_related("site")
    reports = {report.node_id: report for report in NodeReport.objects.filter(node__in=found)}
    return [Edge(node, reports.get(node.pk), _state(reports.get(node.pk), newest, now)) for node in found]


def _state(report: NodeReport | None, newest: int, now: datetime) -> str:
    if report is None:
        return "never"
    if now - report.reported > FRESH:
        return "silent"
    return "current" if report.generation >= newest else "behind"
