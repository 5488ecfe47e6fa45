"""What verdicts without votes follow from, as stored: read in a fixed number of queries; none if none is needed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from healthchecks import derived
from healthchecks.derived import CalculatedCheck, Derived, Judgement, Known, Said
from healthchecks.derived_models import CheckInput, Lease
from healthchecks.expression import Input, inputs_of
from healthchecks.models import Assignment, Check, Family, Verdict
from healthchecks.options import OptionsError, options_of
from healthchecks.quorum import endpoint_state
from healthchecks.state import State

logger = logging.getLogger(__name__)

Believed = Callable[[Assignment, Family], State]
"""The verdict of an input."""


@dataclass(frozen=True)
class Evidence:
    kinds: dict[int, Derived] = field(default_factory=dict)  # by check
    said: dict[int, Said] = field(default_factory=dict)  # by assignment
    inputs: dict[tuple[int, str], CheckInput] = field(default_factory=dict)  # by check and reference
    watched: dict[tuple[int, int], Assignment] = field(default_factory=dict)  # of inputs, by check and endpoint
    verdicts: dict[tuple[int, int], State] = field(default_factory=dict)  # of `watched`, by assignment and family

    @classmethod
    def about(cls, assignments: Collection[Assignment]) -> Evidence:
        """What the checks without a probe among these go by."""
        kinds = _kinds({assignment.check_definition for assignment in assignments})
        concerned = [assignment for assignment in assignments if assignment.check_definition_id in kinds]
        if not concerned:
            return cls()
        inputs = list(CheckInput.objects.filter(calculated__in=kinds))
        watched = _watched(inputs, {assignment.endpoint_id for assignment in concerned})
        verdicts = Verdict.objects.filter(assignment__in=watched).values_list("assignment_id", "family", "state")
        return cls(
            kinds=kinds,
            said=_said(concerned),
            inputs={(row.calculated_id, row.reference): row for row in inputs},
            watched={(row.check_definition_id, row.endpoint_id): row for row in watched},
            verdicts={(assignment, family): State(state) for assignment, family, state in verdicts},
        )

    def judge(self, assignment: Assignment, family: Family, believed: Believed) -> Judgement | None:
        """The verdict of a check without a probe; None of one that has votes."""
        kind = self.kinds.get(assignment.check_definition_id)
        return kind.judge(self.known(assignment, family, believed)) if kind else None

    def known(self, assignment: Assignment, family: Family, believed: Believed) -> Known:
        """What a check without a probe goes by."""
        return _Known(self, assignment, family, believed)

    def input_of(self, assignment: Assignment, wanted: Input) -> Assignment | None:
        """What an input of a calculated check is. None: it does not watch that endpoint, or there is none."""
        row = self.inputs.get((assignment.check_definition_id, str(wanted)))
        return self.watched.get((row.input_id, row.endpoint_id or assignment.endpoint_id)) if row else None

    def inputs_of(self, assignment: Assignment) -> set[int]:
        """The checks of the same endpoint that a calculated check follows from."""
        kind, check = self.kinds.get(assignment.check_definition_id), assignment.check_definition_id
        wanted = inputs_of(kind.parsed) if isinstance(kind, CalculatedCheck) else []
        rows = [self.inputs[check, str(one)] for one in wanted if (check, str(one)) in self.inputs]
        return {row.input_id for row in rows if row.endpoint_id in {None, assignment.endpoint_id}}

    def stored(self, watched: Assignment, family: Family) -> State:
        """The verdict of an input, as it is stored."""
        return self.verdicts.get((watched.pk, family), State.UNKNOWN)


@dataclass
class _Known:
    """healthchecks.derived.Known of one family under one assignment."""

    evidence: Evidence
    assignment: Assignment
    family: Family
    believed: Believed

    @property
    def said(self) -> Said:
        return self.evidence.said.get(self.assignment.pk, Said())

    def state_of(self, wanted: Input) -> State:
        watched = self.evidence.input_of(self.assignment, wanted)
        if watched is None:
            return State.UNKNOWN
        if not watched.check_definition.enabled:
            return State.UP
        return endpoint_state([self.believed(watched, family) for family in families_of(watched, self.family)])


def families_of(watched: Assignment, family: Family) -> list[Family]:
    """The same one, or of an endpoint that has no such addresses whatever it has."""
    families = Family.of(watched.endpoint)
    return [family] if family in families else families


def with_dependents(endpoint_ids: Collection[int]) -> set[int]:
    """These endpoints, and those about which something follows from a check of these."""
    found, new = set(endpoint_ids), set(endpoint_ids)
    while new:
        following = CheckInput.objects.filter(endpoint__in=new).values("calculated")
        watching = Assignment.objects.filter(check_definition__in=following).exclude(endpoint__in=found)
        new = set(watching.values_list("endpoint_id", flat=True))
        found |= new
    return found


def _kinds(checks: Iterable[Check]) -> dict[int, Derived]:
    kinds = {}
    for check in checks:
        if check.kind in derived.KINDS:
            try:
                kinds[check.pk] = options_of(derived.KINDS, check.kind, check.options)
            except OptionsError as problem:
                logger.warning("check %s stays as it is: %s", check, problem)
    return kinds


def _said(assignments: Collection[Assignment]) -> dict[int, Said]:
    leases = Lease.objects.filter(assignment__in=assignments)
    return {lease.pk: said_of(lease) for lease in leases}


def said_of(lease: Lease) -> Said:
    return Said(State(lease.state), lease.reason, lease.said, lease.started)


def _watched(inputs: Collection[CheckInput], endpoint_ids: set[int]) -> list[Assignment]:
    named = {row.endpoint_id for row in inputs if row.endpoint_id}
    rows = Assignment.objects.filter(
        check_definition__in={row.input_id for row in inputs}, endpoint_id__in=endpoint_ids | named
    )
    return list(rows.select_related("check_definition", "endpoint"))
