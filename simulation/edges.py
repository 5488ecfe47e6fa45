"""What edges themselves say of now: who serves something older (P5), and what orders have switched off there (P6)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from telemetry.models import NodeReport, NodeStanding

FRESH = timedelta(seconds=15)
"""Nodes report every second; one silent for this long is out of contact."""


@dataclass(frozen=True, slots=True)
class Edges:
    """`oldest_s`: since the edge silent for longest was heard of. `orders`: those of any edge in contact."""

    behind: int
    silent: int
    oldest_s: int
    orders: list[str]
    switched_off: frozenset[int]

    def shown(self) -> dict[str, Any]:
        """As explanations have it (docs/explain.md)."""
        return {name: value for name, value in asdict(self).items() if name != "switched_off"}


def edges_at(generation: int, now: datetime) -> Edges:
    """How the edges are that should serve `generation`."""
    reports = NodeReport.objects.all()
    silent = reports.filter(reported__lt=now - FRESH)
    in_contact = reports.exclude(reported__lt=now - FRESH)
    standings = list(NodeStanding.objects.filter(node__report__in=in_contact).values_list("orders", "switched_off"))
    oldest = silent.order_by("reported").values_list("reported", flat=True).first()
    return Edges(
        behind=reports.filter(generation__lt=generation).count(),
        silent=silent.count(),
        oldest_s=int((now - oldest).total_seconds()) if oldest else 0,
        orders=sorted({order for orders, _off in standings for order in orders}),
        switched_off=frozenset(endpoint for _orders, off in standings for endpoint in off),
    )
