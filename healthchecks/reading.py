"""What is known of the health of endpoints: for edges, in sequence, and for people, in full."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import ceil
from typing import TypeVar

from django.db import connection
from django.db.models import Max, QuerySet

from accounts.models import Team
from healthchecks.beliefs import belief_of, vantages_of
from healthchecks.certificates import certificates_of
from healthchecks.derived import Judgement
from healthchecks.evidence import Evidence
from healthchecks.models import (
    Assignment,
    EndpointHealth,
    EndpointLoad,
    Family,
    HealthSequence,
    Transition,
    VantageState,
    Verdict,
)
from healthchecks.probes import Certificate
from healthchecks.slowdowns import Place, slowdowns_by_place
from healthchecks.state import State
from healthchecks.targets import host_of
from regions.models import Endpoint

Entry = TypeVar("Entry")

FamilyState = tuple[int, int, str]
"""An endpoint's id, a family (0, 4 or 6) and a state: as in docs/snapshot-format.md."""

LoadEntry = tuple[int, float | None, int, int]
"""An endpoint's id, its load (None: forgotten), when it was measured (Unix time) and for how many seconds it counts."""

FailingEntry = tuple[int, int, bool]
"""An endpoint's id, a family, and whether it is failing but not yet down."""

ViewsEntry = tuple[int, int, list[list[object]]]
"""An endpoint's id, a family, and of vantages that disagree each one's region and whether it is up from there."""

MAX_DELTAS = 1000
"""Past this many, the full state is the shorter message."""


@dataclass(frozen=True)
class HealthState:
    """Everything edges have been told, as of one sequence number."""

    sequence: int
    states: list[FamilyState]
    loads: list[LoadEntry] = field(default_factory=list)
    failing: list[FailingEntry] = field(default_factory=list)
    views: list[ViewsEntry] = field(default_factory=list)


@dataclass(frozen=True)
class Delta:
    """Applies to sequence number `sequence - 1` and to nothing else."""

    sequence: int
    states: list[FamilyState]
    loads: list[LoadEntry] = field(default_factory=list)
    failing: list[FailingEntry] = field(default_factory=list)
    views: list[ViewsEntry] = field(default_factory=list)


@dataclass(frozen=True)
class EndpointState:
    """One family of an endpoint: what edges are told, and in `believed` what its checks say of it.

    `checked` is false where no enabled check watches it: then it is up, unless an operator forces it down.
    """

    endpoint_id: int
    family: int
    state: State
    since: datetime | None
    checked: bool
    believed: State


@dataclass(frozen=True)
class VantageView:
    """What one vantage believes; `since` is None while it has no belief yet.

    `interval_ms`: how often it probes, which is less often than the check says where an address is over its budget.
    `certificate` was shown last.
    """

    state: State
    cause: str
    since: datetime | None
    interval_ms: int = 0
    slowed: bool = False
    certificate: Certificate | None = None


NOTHING_YET = VantageView(State.UNKNOWN, "", None)


@dataclass(frozen=True)
class MatrixRow:
    """One check of one family of an endpoint, seen from each of the check's vantages.

    `because`: what the verdict of a check without a probe, which has no vantages, follows from now.
    """

    endpoint: Endpoint
    check_name: str
    family: int
    enabled: bool
    verdict: State
    vantages: dict[str, VantageView]
    because: Judgement | None = None


def current_health() -> HealthState:
    """The full state. One statement, so that the sequence number and what is told under it belong together."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT value,"  # noqa: S608 - names of tables
            f" (SELECT json_agg(json_build_array(endpoint_id, family, state) ORDER BY endpoint_id, family)"
            f" FROM {EndpointHealth._meta.db_table}),"
            f" (SELECT json_agg(json_build_array(endpoint_id, share, floor(extract(epoch FROM measured)), max_age_s)"
            f" ORDER BY endpoint_id) FROM {EndpointLoad._meta.db_table} WHERE share IS NOT NULL),"
            f" (SELECT json_agg(json_build_array(endpoint_id, family, failing) ORDER BY endpoint_id, family)"
            f" FROM {EndpointHealth._meta.db_table} WHERE failing),"
            f" (SELECT json_agg(json_build_array(endpoint_id, family, views) ORDER BY endpoint_id, family)"
            f" FROM {EndpointHealth._meta.db_table} WHERE views <> '[]')"
            f" FROM {HealthSequence._meta.db_table}"
        )
        sequence, *parts = cursor.fetchone() or (0, None, None, None, None)
    states, loads, failing, views = ([tuple(entry) for entry in part or []] for part in parts)
    return HealthState(sequence, states, loads, failing, views)


def health_at(moment: datetime) -> HealthState:
    """What edges had been told by a moment in the past; nothing of what happened before transitions are kept.

    Of loads, only those that nothing was said of since: no earlier ones are kept. Of disagreements, nothing is.
    """
    told = Transition.objects.filter(at__lte=moment)
    last = told.order_by("endpoint_id", "family", "-sequence").distinct("endpoint_id", "family")
    states = {(row.endpoint_id, row.family): row.endpoint_state for row in last}
    unchanged = EndpointHealth.objects.filter(since__lte=moment)
    states |= {(row.endpoint_id, row.family): row.state for row in unchanged}
    loads = EndpointLoad.objects.filter(measured__lte=moment).order_by("endpoint_id")
    last_told = told.aggregate(last=Max("sequence"))["last"] or 0
    return HealthState(
        max([last_told, *(load.sequence for load in loads)]),
        [(endpoint, family, state) for (endpoint, family), state in sorted(states.items())],
        [_load_entry(load) for load in loads if load.share is not None],
    )


def deltas_since(sequence: int) -> list[Delta] | None:
    """What an edge at `sequence` lacks, in order; None if that is too much or no longer kept: send the full state.

    Of a load that another has followed, nothing is left but its number: the delta is empty. The same of who is failing.
    """
    last = HealthSequence.objects.values_list("value", flat=True).first() or 0
    if not 0 <= last - sequence <= MAX_DELTAS:
        return None
    loads = {row.sequence: _load_entry(row) for row in EndpointLoad.objects.filter(sequence__gt=sequence)}
    split = {row.failing_sequence or 0: row for row in EndpointHealth.objects.filter(failing_sequence__gt=sequence)}
    failing = {number: (row.endpoint_id, row.family, row.failing) for number, row in split.items()}
    views = {number: (row.endpoint_id, row.family, row.views) for number, row in split.items()}
    states = {
        row.sequence: (row.endpoint_id, row.family, row.endpoint_state)
        for row in Transition.objects.filter(sequence__gt=sequence, sequence__lte=last)
    }
    if HealthSequence.objects.filter(pruned__gt=sequence).exists():  # asked last: it is noted before they are deleted
        return None
    numbers = range(sequence + 1, last + 1)
    return [
        Delta(number, _of(states, number), _of(loads, number), _of(failing, number), _of(views, number))
        for number in numbers
    ]


def endpoint_states(endpoints: QuerySet[Endpoint] | None = None) -> list[EndpointState]:
    """The state of each family of these endpoints (all, if not given), as edges count them."""
    endpoints = Endpoint.objects.all() if endpoints is None else endpoints
    told = {(row.endpoint_id, row.family): row for row in EndpointHealth.objects.filter(endpoint__in=endpoints)}
    checked = set(
        Assignment.objects.filter(endpoint__in=endpoints, check_definition__enabled=True).values_list(
            "endpoint_id", flat=True
        )
    )
    return [
        _endpoint_state(endpoint, family, told.get((endpoint.id, family)), endpoint.id in checked)
        for endpoint in endpoints
        for family in Family.of(endpoint)
    ]


def health_matrix(team: Team | None = None, endpoint: Endpoint | None = None) -> list[MatrixRow]:
    """Vantage by endpoint: every check of every family, by endpoint and check; of one team or endpoint if given."""
    assignments = Assignment.objects.select_related("endpoint", "check_definition")
    if team:
        assignments = assignments.filter(endpoint__team=team)
    if endpoint:
        assignments = assignments.filter(endpoint=endpoint)
    assignments = assignments.order_by("endpoint__name", "check_definition__name", "id")
    vantages = vantages_of({assignment.check_definition for assignment in assignments})
    verdicts = {(row.assignment_id, row.family): row for row in Verdict.objects.filter(assignment__in=assignments)}
    views, certificates = _views(assignments), certificates_of(assignments)
    evidence, slowdowns = Evidence.about(assignments), slowdowns_by_place()
    return [
        _matrix_row(
            assignment,
            family,
            verdicts.get((assignment.id, family)),
            vantages[assignment.check_definition_id],
            _with_certificates(views[assignment.id, family], certificates.get((assignment.id, family), {})),
            evidence.judge(assignment, family, evidence.stored),
            slowdowns,
        )
        for assignment in assignments
        for family in Family.of(assignment.endpoint)
    ]


def _of(entries: Mapping[int, Entry], number: int) -> list[Entry]:
    return [entries[number]] if number in entries else []


def _load_entry(load: EndpointLoad) -> LoadEntry:
    return load.endpoint_id, load.share, int(load.measured.timestamp()), load.max_age_s


def _endpoint_state(endpoint: Endpoint, family: int, told: EndpointHealth | None, checked: bool) -> EndpointState:
    state = State(told.state) if told else State.UNKNOWN
    believed = belief_of(told).state if told else State.UNKNOWN
    since = told.since if told else None
    if not checked:
        return EndpointState(endpoint.id, family, _unless_down(state), since, checked, State.UP)
    return EndpointState(endpoint.id, family, state, since, checked, believed)


def _unless_down(state: State) -> State:
    """As edges count one that is not checked."""
    return state if state is State.DOWN else State.UP


def _views(assignments: QuerySet[Assignment]) -> dict[tuple[int, int], dict[int, VantageView]]:
    views: dict[tuple[int, int], dict[int, VantageView]] = defaultdict(dict)
    for row in VantageState.objects.filter(assignment__in=assignments):
        views[row.assignment_id, row.family][row.vantage_id] = VantageView(State(row.state), row.cause, row.since)
    return views


def _with_certificates(
    views: Mapping[int, VantageView], certificates: Mapping[int, Certificate]
) -> dict[int, VantageView]:
    return {
        vantage: replace(views.get(vantage, NOTHING_YET), certificate=certificates.get(vantage))
        for vantage in views.keys() | certificates.keys()
    }


def _matrix_row(
    assignment: Assignment,
    family: int,
    verdict: Verdict | None,
    vantages: dict[int, str],
    views: Mapping[int, VantageView],
    because: Judgement | None,
    slowdowns: Mapping[Place, float],
) -> MatrixRow:
    check, host = assignment.check_definition, host_of(assignment.endpoint, family)

    def seen_from(vantage: int, name: str) -> VantageView:
        factor = slowdowns.get((name, host), 1.0)
        view = views.get(vantage, NOTHING_YET)
        return replace(view, interval_ms=ceil(check.interval_ms * factor), slowed=factor > 1)

    return MatrixRow(
        endpoint=assignment.endpoint,
        check_name=check.name,
        family=family,
        enabled=check.enabled,
        verdict=State(verdict.state) if verdict else State.UNKNOWN,
        vantages={} if because else {name: seen_from(vantage, name) for vantage, name in vantages.items()},
        because=because,
    )
