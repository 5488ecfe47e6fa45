"""History as pages draw it: a panel for each check and address family, with a line for each vantage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from healthchecks.history.reading import Point, Series, Stretch, history
from healthchecks.models import Assignment, Family

SPANS = {
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "90d": timedelta(days=90),
}
DEFAULT_SPAN = "6h"
MOST_ASSIGNMENTS = 100
"""Added up for one page at most: more are not read while someone waits."""
MOST_MINUTES = 20_000
"""Of all of them together, for each vantage, read while someone waits: beyond, hours are."""


@dataclass(frozen=True)
class Panel:
    """What the vantages saw of one family under one check."""

    name: str
    series: list[Series]


@dataclass(frozen=True)
class ShownHistory:
    """A stretch of history as a page shows it; `figures` is what the chart script reads."""

    url: str
    span: str
    spans: tuple[str, ...]
    panels: list[Panel]
    figures: dict[str, Any]
    is_too_much: bool


def shown_history(
    assignments: Sequence[Assignment], span: str | None, now: datetime, url: str, *, together: bool
) -> ShownHistory:
    """The history of these assignments: each for itself, or `together`. An unknown span is the default one."""
    chosen = span if span in SPANS else DEFAULT_SPAN
    by_hour = len(assignments) * (SPANS[chosen] / timedelta(minutes=1)) > MOST_MINUTES
    stretch = Stretch.between(now - SPANS[chosen], now, now, by_hour=by_hour)
    is_too_much = len(assignments) > MOST_ASSIGNMENTS
    found = [] if is_too_much else history(assignments, stretch, together=together)
    checks = {assignment.pk: assignment.check_definition.name for assignment in assignments}
    panels = _panels(found, checks)
    return ShownHistory(url, chosen, tuple(SPANS), panels, _figures(panels, stretch), is_too_much)


def _panels(found: Sequence[Series], checks: dict[int, str]) -> list[Panel]:
    panels: dict[str, list[Series]] = {}
    for series in found:
        of = checks[series.assignment_id] if series.assignment_id else "All endpoints"
        panels.setdefault(f"{of} over {Family(series.family).label}", []).append(series)
    return [Panel(name, of_panel) for name, of_panel in sorted(panels.items())]


def _figures(panels: Sequence[Panel], stretch: Stretch) -> dict[str, Any]:
    steps = _steps(stretch)
    return {
        "times": [step.isoformat() for step in steps],
        "panels": [[_line(series, steps) for series in panel.series] for panel in panels],
    }


def _steps(stretch: Stretch) -> list[datetime]:
    count = -((stretch.begin - stretch.end) // stretch.step)
    return [stretch.begin + number * stretch.step for number in range(count)]


def _line(series: Series, steps: Sequence[datetime]) -> dict[str, Any]:
    """Each figure at each step; None where nothing was probed, so that lines have gaps there."""
    points = {point.at: point for point in series.points}
    read: dict[str, Callable[[Point], float | None]] = {
        "p50_ms": lambda point: point.seen.p50_ms,
        "p95_ms": lambda point: point.seen.p95_ms,
        "availability": lambda point: point.seen.availability,
    }
    lines = {
        name: [_rounded(figure(points[step])) if step in points else None for step in steps]
        for name, figure in read.items()
    }
    return {"vantage": series.vantage, **lines}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
