"""How edge nodes are doing, by their last reports, beside what is published.

generations ─┐
reports ─────┼─► edges_of ─► Edge: how far behind, how long without news, how busy
counts ──────┘
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from regions.models import EdgeNode
from snapshots.models import Snapshot
from telemetry.models import NodeReport
from telemetry.services import node_rates

FRESH = timedelta(seconds=15)
"""Nodes report every second; one silent for this long is shown as such."""

STATES = ("silent", "behind", "never", "current")
"""The ones first that somebody has to look at."""


@dataclass(frozen=True)
class Edge:
    """A node and its last report. `state` is `current`, `behind`, `silent` or `never` (never seen).

    `behind`: how many generations it lacks; `behind_s`: seconds since the first of these was published. Both are None
    before its first report, as are the ages. `per_s`: answers a second of late.
    """

    node: EdgeNode
    report: NodeReport | None
    state: str
    behind: int | None
    behind_s: float | None
    health_age_s: float | None
    age_s: float | None
    per_s: float


@dataclass(frozen=True)
class Published:
    """The generations that are kept, the oldest first, each with when it was published."""

    generations: Sequence[int]
    created: Sequence[datetime]

    @property
    def newest(self) -> int:
        """0 before the first."""
        return self.generations[-1] if self.generations else 0

    def lag(self, generation: int, now: datetime) -> tuple[int, float]:
        """How many generations, and how many seconds, who serves `generation` is behind; at least, of old ones."""
        place = bisect_right(self.generations, generation)
        if place == len(self.generations):
            return 0, 0.0
        return len(self.generations) - place, max(0.0, (now - self.created[place]).total_seconds())


def published() -> Published:
    """What is published now."""
    rows = list(Snapshot.objects.order_by("generation").values_list("generation", "created"))
    return Published([generation for generation, _created in rows], [created for _generation, created in rows])


def published_generation() -> int:
    """The newest generation; 0 before the first."""
    return Snapshot.objects.order_by("-generation").values_list("generation", flat=True).first() or 0


def edges_of(nodes: QuerySet[EdgeNode], now: datetime) -> list[Edge]:
    """Each node with its last report, in the order of `nodes`."""
    known, rates = published(), node_rates(now)
    found = nodes.select_related("site")
    reports = {report.node_id: report for report in NodeReport.objects.filter(node__in=found)}
    return [_edge(node, reports.get(node.pk), rates.get(node.pk, 0.0), known, now) for node in found]


def worst_first(edges: Iterable[Edge]) -> list[Edge]:
    """Those first that somebody has to look at, and of these the ones that are furthest behind."""
    return sorted(edges, key=lambda edge: (STATES.index(edge.state), -(edge.behind_s or 0), edge.node.name))


def tally(edges: Iterable[Edge]) -> dict[str, int]:
    """How many are in each state."""
    counted = Counter(edge.state for edge in edges)
    return {state: counted[state] for state in STATES}


def _edge(node: EdgeNode, report: NodeReport | None, per_s: float, known: Published, now: datetime) -> Edge:
    if report is None:
        return Edge(node, None, "never", None, None, None, None, per_s)
    age_s = max(0.0, (now - report.reported).total_seconds())
    behind, behind_s = known.lag(report.generation, now)
    health_age_s = None if report.health_age_s is None else report.health_age_s + age_s
    state = "silent" if age_s > FRESH.total_seconds() else "behind" if behind else "current"
    return Edge(node, report, state, behind, behind_s, health_age_s, age_s, per_s)
