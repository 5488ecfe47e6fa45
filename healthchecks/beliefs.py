"""What is believed, as stored: read and written in a fixed number of queries, however many endpoints are concerned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from django.db.models import Exists, OuterRef

from healthchecks import derived
from healthchecks.damping import Penalty
from healthchecks.evidence import Evidence, with_dependents
from healthchecks.guards import Guards
from healthchecks.ledger import MAX_CAUSE, ROWS_AT_ONCE, Ledger
from healthchecks.models import Assignment, Check, EndpointHealth, VantageState, Verdict
from healthchecks.state import State
from regions.models import Endpoint, Region

Judged = tuple[int, int]
"""The id of an assignment or an endpoint, and a family."""

Views = tuple[tuple[int, bool], ...]
"""Of vantages that disagree: the id of each one's region, rising, and whether the endpoint is up from there (H4)."""


@dataclass(frozen=True, slots=True)
class VantageChange:
    """A vantage has changed its mind."""

    assignment_id: int
    family: int
    vantage_id: int
    state: State
    cause: str
    at: datetime


class Named(Protocol):
    """Something that was seen under an assignment from a vantage."""

    @property
    def assignment_id(self) -> int: ...
    @property
    def vantage_id(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Belief:
    """What its checks say of an endpoint, and since when."""

    state: State
    since: datetime


@dataclass(frozen=True, slots=True)
class Split:
    """What comes of vantages that disagree: whether an endpoint may be on its way down (S14), and who says what."""

    failing: bool = False
    views: Views = ()


def store_vantage_changes(changes: Sequence[VantageChange]) -> dict[Judged, str]:
    """Store the beliefs that differ from what is stored; of several about the same, the last.

    Returns their causes by assignment and family. What concerns an assignment or vantage that is gone is dropped.
    """
    assignments, vantages = lock_named(changes)
    stored = {
        (row.assignment_id, row.family, row.vantage_id): row.state
        for row in VantageState.objects.filter(assignment_id__in=assignments, vantage_id__in=vantages)
    }
    latest = {(change.assignment_id, change.family, change.vantage_id): change for change in changes}
    news = [
        change
        for key, change in latest.items()
        if change.assignment_id in assignments and change.vantage_id in vantages and stored.get(key) != change.state
    ]
    VantageState.objects.bulk_create(
        [_vantage_state(change) for change in news],
        batch_size=ROWS_AT_ONCE,
        update_conflicts=True,
        unique_fields=["assignment", "family", "vantage"],
        update_fields=["state", "cause", "since"],
    )
    return {(change.assignment_id, change.family): f"{vantages[change.vantage_id]}: {change.cause}" for change in news}


def contested() -> list[int]:
    """The endpoints, by rising id, of which what edges are told may depend on whose votes count.

    Not of those that every vantage believes up, under every check: then so does any other quorum of them.
    """
    up = Verdict.objects.filter(assignment=OuterRef("assignment"), family=OuterRef("family"), state=State.UP.value)
    doubted = VantageState.objects.exclude(Exists(up), state=State.UP.value)
    return sorted(doubted.values_list("assignment__endpoint_id", flat=True).distinct())


@dataclass
class Beliefs:
    """What is stored about some endpoints and, as settling goes on, what is to be stored."""

    endpoints: list[Endpoint]
    assignments: dict[int, list[Assignment]]  # of enabled checks, by endpoint
    vantages: dict[int, dict[int, str]]
    votes: dict[Judged, dict[int, State]]
    verdicts: dict[Judged, State]
    penalties: dict[Judged, Penalty]
    told: dict[Judged, State]
    believed: dict[Judged, Belief]
    split: dict[Judged, Split]
    evidence: Evidence
    guards: Guards
    new_verdicts: dict[Judged, State] = field(default_factory=dict)
    new_penalties: dict[Judged, Penalty] = field(default_factory=dict)
    new_told: dict[Judged, State] = field(default_factory=dict)
    new_believed: dict[Judged, Belief] = field(default_factory=dict)
    new_split: dict[Judged, Split] = field(default_factory=dict)

    @classmethod
    def about(cls, endpoint_ids: Collection[int]) -> Beliefs:
        """Read what is stored about these endpoints, those about which something follows, and their enabled checks."""
        endpoint_ids = with_dependents(endpoint_ids)
        assigned = Assignment.objects.filter(endpoint_id__in=endpoint_ids, check_definition__enabled=True)
        enabled = list(assigned.select_related("check_definition").order_by("id"))
        by_endpoint: dict[int, list[Assignment]] = defaultdict(list)
        for assignment in enabled:
            by_endpoint[assignment.endpoint_id].append(assignment)
        verdicts = list(Verdict.objects.filter(assignment__in=enabled))
        told = list(EndpointHealth.objects.filter(endpoint__in=endpoint_ids))
        evidence = Evidence.about(enabled)
        voted_on = list({one.pk: one for one in [*evidence.watched.values(), *enabled]}.values())
        return cls(
            endpoints=list(Endpoint.objects.filter(id__in=endpoint_ids).order_by("id")),
            assignments=by_endpoint,
            vantages=vantages_of({assignment.check_definition for assignment in voted_on}),
            votes=_votes([one for one in voted_on if one.check_definition.kind not in derived.KINDS]),
            verdicts={(row.assignment_id, row.family): State(row.state) for row in verdicts},
            penalties={(row.assignment_id, row.family): row.damped for row in verdicts},
            told={(row.endpoint_id, row.family): State(row.state) for row in told},
            believed={(row.endpoint_id, row.family): belief_of(row) for row in told},
            split={
                (row.endpoint_id, row.family): Split(row.failing, tuple((vantage, up) for vantage, up in row.views))
                for row in told
            },
            evidence=evidence,
            guards=Guards.about(endpoint_ids),
        )

    def votes_by_name(self, assignment: Assignment, family: int) -> dict[str, State]:
        """The votes of the vantages that the check still asks, and that are well."""
        names = self._asked(assignment)
        votes = self.votes.get((assignment.id, family), {})
        return {names[vantage]: state for vantage, state in votes.items() if vantage in names}

    def votes_that_count(self, assignment: Assignment, family: int) -> dict[int, State]:
        """The same, by the id of the vantage."""
        asked = self._asked(assignment)
        votes = self.votes.get((assignment.id, family), {})
        return {vantage: state for vantage, state in votes.items() if vantage in asked}

    def _asked(self, assignment: Assignment) -> dict[int, str]:
        names = self.vantages[assignment.check_definition_id]
        return {vantage: name for vantage, name in names.items() if name not in self.guards.not_well}

    def store(self, ledger: Ledger) -> None:
        """Write what is new. A split takes a number, and none that is not told yet has one."""
        now = ledger.now
        self._store_verdicts(now)
        self._store_told(now)
        self._store_believed()
        self._store_split(ledger)

    def _store_verdicts(self, now: datetime) -> None:
        rows = [
            Verdict(assignment_id=assignment, family=family, state=state, since=now)
            for (assignment, family), state in self.new_verdicts.items()
        ]
        for row in rows:
            penalty = (self.penalties | self.new_penalties).get((row.assignment_id, row.family), Penalty())
            row.penalty, row.penalty_at, row.reuse_at = penalty.value, penalty.at, penalty.reuse_at
        Verdict.objects.bulk_create(
            rows,
            batch_size=ROWS_AT_ONCE,
            update_conflicts=True,
            unique_fields=["assignment", "family"],
            update_fields=["state", "since", "penalty", "penalty_at", "reuse_at"],
        )

    def _store_told(self, now: datetime) -> None:
        EndpointHealth.objects.bulk_create(
            [
                EndpointHealth(endpoint_id=endpoint, family=family, state=state, since=now)
                for (endpoint, family), state in self.new_told.items()
            ],
            batch_size=ROWS_AT_ONCE,
            update_conflicts=True,
            unique_fields=["endpoint", "family"],
            update_fields=["state", "since"],
        )

    def _store_believed(self) -> None:
        """After what is told: of an endpoint that edges know nothing of, nothing is kept."""
        told = self.told | self.new_told
        rows = [
            EndpointHealth(
                endpoint_id=endpoint,
                family=family,
                state=told[endpoint, family],
                since=belief.since,
                believed=belief.state,
                believed_since=belief.since,
            )
            for (endpoint, family), belief in self.new_believed.items()
            if (endpoint, family) in told
        ]
        EndpointHealth.objects.bulk_create(
            rows,
            batch_size=ROWS_AT_ONCE,
            update_conflicts=True,
            unique_fields=["endpoint", "family"],
            update_fields=["believed", "believed_since"],
        )

    def _store_split(self, ledger: Ledger) -> None:
        now = ledger.now
        told = self.told | self.new_told
        EndpointHealth.objects.bulk_create(
            [
                EndpointHealth(
                    endpoint_id=endpoint,
                    family=family,
                    state=told[endpoint, family],
                    since=now,
                    failing=split.failing,
                    views=split.views,
                    failing_sequence=ledger.number(),
                )
                for (endpoint, family), split in self.new_split.items()
            ],
            batch_size=ROWS_AT_ONCE,
            update_conflicts=True,
            unique_fields=["endpoint", "family"],
            update_fields=["failing", "views", "failing_sequence"],
        )


def belief_of(row: EndpointHealth) -> Belief:
    """What an earlier release has written says no more than what was told."""
    if row.believed is None or row.believed_since is None:
        return Belief(State(row.state), row.since)
    return Belief(State(row.believed), row.believed_since)


def vantages_of(checks: Iterable[Check]) -> dict[int, dict[int, str]]:
    """The vantages that probe each check, as {check id: {region id: name}}: those chosen, or all of its team."""
    checks = list(checks)
    of_team: dict[int, dict[int, str]] = defaultdict(dict)
    for region in Region.objects.filter(is_vantage=True, team__in={check.team_id for check in checks}):
        of_team[region.team_id][region.id] = region.name
    chosen: dict[int, set[int]] = defaultdict(set)
    for row in Check.vantages.through.objects.filter(check_id__in=[check.id for check in checks]):
        chosen[row.check_id].add(row.region_id)
    return {
        check.id: {
            region: name
            for region, name in of_team[check.team_id].items()
            if check.id not in chosen or region in chosen[check.id]
        }
        for check in checks
    }


def lock_named(changes: Sequence[Named]) -> tuple[set[int], dict[int, str]]:
    """The assignments and vantages of the changes that exist, kept from being deleted until commit."""
    assignments = Assignment.objects.filter(id__in={change.assignment_id for change in changes}).order_by("id")
    vantages = Region.objects.filter(id__in={change.vantage_id for change in changes}).order_by("id")
    return (
        set(assignments.select_for_update(no_key=True).values_list("id", flat=True)),
        dict(vantages.select_for_update(no_key=True).values_list("id", "name")),
    )


def _vantage_state(change: VantageChange) -> VantageState:
    return VantageState(
        assignment_id=change.assignment_id,
        family=change.family,
        vantage_id=change.vantage_id,
        state=change.state,
        cause=change.cause[:MAX_CAUSE],
        since=change.at,
    )


def _votes(assignments: Collection[Assignment]) -> dict[Judged, dict[int, State]]:
    votes: dict[Judged, dict[int, State]] = defaultdict(dict)
    rows = VantageState.objects.filter(assignment__in=assignments)
    for assignment, family, vantage, state in rows.values_list("assignment_id", "family", "vantage_id", "state"):
        votes[assignment, family][vantage] = State(state)
    return votes
