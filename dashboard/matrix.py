"""The matrix of health: endpoints by vantages, a page of it at a time, those first that somebody has to look at.

URL ─► Sought ─► standings (view) ─► page ─► beliefs, latencies of an hour, changes of six hours ─► rows
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet

from accounts.models import User
from dashboard.access import visible
from dashboard.health import NONE, together
from healthchecks.beliefs import vantages_of
from healthchecks.history.reading import Stretch, history
from healthchecks.history.resolution import floor_to
from healthchecks.models import Assignment, Transition, VantageState
from healthchecks.standing_models import Standing
from regions.models import AdminState, Endpoint

ROWS_A_PAGE = 25
LATENCY_SPAN, LATENCY_STEP = timedelta(hours=1), timedelta(minutes=5)
CHANGES_SPAN = timedelta(hours=6)
MOST_VANTAGES = 12
MOST_CHANGES = 500
"""Of all endpoints of a page: of one that flaps more, the strip begins later."""
STATES = {
    "down": Q(state="down"),
    "degraded": Q(state="degraded"),
    "unknown": Q(state="unknown"),
    "up": Q(state="up"),
    "failing": Q(failing=True),
    "forced": ~Q(forced=""),
    "draining": Q(forced="drain") | Q(endpoint__admin_state=AdminState.DRAINING),
    "unchecked": Q(checked=False),
}


@dataclass(frozen=True)
class Sought:
    """What of the matrix is asked for; an unknown state is none."""

    name: str
    state: str
    region: str
    pool: str

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Sought:
        state = query.get("state", "")
        asked = (query.get(field, "").strip() for field in ("q", "region", "pool"))
        name, region, pool = asked
        return cls(name, state if state in STATES else "", region, pool)

    def standings(self, user: User) -> QuerySet[Standing]:
        """Of the endpoints that the user sees, in whatever state."""
        endpoints = visible(Endpoint.objects.all(), user)
        if self.name:
            match = Q(name__icontains=self.name) | Q(ipv4__startswith=self.name) | Q(ipv6__startswith=self.name)
            endpoints = endpoints.filter(match | Q(hostname__icontains=self.name))
        if self.region:
            endpoints = endpoints.filter(region__name=self.region)
        if self.pool:
            endpoints = endpoints.filter(pools__name=self.pool)
        return Standing.objects.filter(endpoint__in=endpoints)


@dataclass(frozen=True)
class Cell:
    """What one vantage believes of an endpoint, under all its checks, and the median round trips that it saw."""

    state: str
    cause: str
    p50s_ms: list[float | None]

    @property
    def last_ms(self) -> float | None:
        """The newest one."""
        return next((value for value in reversed(self.p50s_ms) if value is not None), None)


@dataclass(frozen=True)
class Stay:
    """A stretch of the strip in one state; `start` and `length` are shares of the whole strip."""

    state: str
    start: float
    length: float


@dataclass(frozen=True)
class Row:
    standing: Standing
    cells: list[Cell | None]
    strip: list[Stay]

    @property
    def changes(self) -> int:
        return len(self.strip) - 1


@dataclass(frozen=True)
class Matrix:
    """`counts`: endpoints by state, of what is asked for without its state."""

    sought: Sought
    page: Page[Standing]
    vantages: list[str]
    rows: list[Row]
    counts: dict[str, int]
    transitions: list[Transition]


def read_matrix(user: User, sought: Sought, page: str | None, now: datetime, transitions: int) -> Matrix:
    """A page of the matrix and the newest transitions of all that is asked for."""
    standings = sought.standings(user)
    counts = dict(standings.values_list("state").annotate(Count("endpoint")))
    asked = standings.filter(STATES[sought.state]) if sought.state else standings
    ordered = asked.select_related("endpoint__region").order_by("rank", "-failing", "endpoint__name", "endpoint_id")
    shown = Paginator(ordered, ROWS_A_PAGE).get_page(page)
    ids = [row.endpoint_id for row in shown]
    vantages, cells = _cells(ids, now)
    strips = _strips(list(shown), now)
    rows = [
        Row(row, [cells.get((row.endpoint_id, name)) for name in vantages], strips[row.endpoint_id]) for row in shown
    ]
    told = Transition.objects.filter(endpoint_id__in=asked.values("endpoint_id"))[:transitions]
    return Matrix(sought, shown, vantages, rows, counts, list(told))


def _cells(ids: Collection[int], now: datetime) -> tuple[list[str], dict[tuple[int, str], Cell]]:
    """The vantages that probe these endpoints, and what each believes of which."""
    watching = Assignment.objects.filter(endpoint__in=ids, check_definition__enabled=True)
    assignments = list(watching.select_related("endpoint", "check_definition"))
    endpoint_of = {row.pk: row.endpoint_id for row in assignments}
    probing = vantages_of({row.check_definition for row in assignments})
    expected = {(row.endpoint_id, name) for row in assignments for name in probing[row.check_definition_id].values()}
    names = {key: name for of_check in probing.values() for key, name in of_check.items()}
    beliefs: dict[tuple[int, str], list[VantageState]] = defaultdict(list)
    for belief in VantageState.objects.filter(assignment__in=assignments):
        if belief.vantage_id in names:
            beliefs[endpoint_of[belief.assignment_id], names[belief.vantage_id]].append(belief)
    latencies = _latencies(assignments, now)
    vantages = sorted({name for _endpoint, name in expected})[:MOST_VANTAGES]
    return vantages, {key: _cell(beliefs[key], latencies.get(key, [])) for key in expected}


def _cell(beliefs: Sequence[VantageState], p50s_ms: list[float | None]) -> Cell:
    worst = min(beliefs, key=lambda belief: ("down", "unknown", "up").index(belief.state), default=None)
    return Cell(together(str(belief.state) for belief in beliefs), worst.cause if worst else "", p50s_ms)


def _latencies(assignments: Sequence[Assignment], now: datetime) -> dict[tuple[int, str], list[float | None]]:
    """Median round trips by endpoint and vantage, a value for each step; of several checks, of the first with any."""
    end = floor_to(now, LATENCY_STEP) + LATENCY_STEP
    stretch = Stretch(end - LATENCY_SPAN, end, LATENCY_STEP)
    steps = [stretch.begin + number * LATENCY_STEP for number in range(int(LATENCY_SPAN / LATENCY_STEP))]
    endpoint_of = {row.pk: row.endpoint_id for row in assignments}
    found: dict[tuple[int, str], list[float | None]] = {}
    for series in history(assignments, stretch) if assignments else []:
        key = endpoint_of[series.assignment_id or 0], series.vantage
        values = {point.at: point.seen.p50_ms for point in series.points}
        if key not in found and any(value is not None for value in values.values()):
            found[key] = [values.get(step) for step in steps]
    return found


def _strips(shown: Sequence[Standing], now: datetime) -> dict[int, list[Stay]]:
    """How each endpoint was over the last hours."""
    begin = now - CHANGES_SPAN
    told = Transition.objects.filter(endpoint_id__in=[row.endpoint_id for row in shown], at__gte=begin)
    changes: dict[int, list[Transition]] = defaultdict(list)
    for change in sorted(told.order_by("-sequence")[:MOST_CHANGES], key=lambda row: row.sequence):
        changes[change.endpoint_id].append(change)
    return {row.endpoint_id: _strip(changes[row.endpoint_id], row.state, begin, now) for row in shown}


def _strip(changes: Sequence[Transition], state: str, begin: datetime, now: datetime) -> list[Stay]:
    """From now back: what an endpoint is now, it is since its last change, and before that what it changed from."""
    if not changes:
        return [Stay(state, 0.0, 1.0)]
    told = {change.family: "" for change in changes}
    for change in reversed(changes):
        told[change.family] = str(change.from_state)
    stays: list[Stay] = []
    at, is_now = begin, together(told.values())
    for change in changes:
        _end(stays, is_now, at, change.at, begin, now)
        told[change.family] = str(change.endpoint_state)
        at, is_now = change.at, together(told.values())
    _end(stays, state, at, now, begin, now)
    return stays


def _end(stays: list[Stay], state: str, since: datetime, until: datetime, begin: datetime, now: datetime) -> None:
    """Another stretch, or if it is in the state of the last one a longer last one."""
    whole = now - begin
    start, length = (since - begin) / whole, (until - since) / whole
    if stays and stays[-1].state == state:
        last = stays.pop()
        start, length = last.start, last.length + length
    if length > 0:
        stays.append(Stay(state or NONE, start, length))
