"""What each vantage sees of an endpoint (H4), where checks of it have no votes of their own.

votes of a vantage on inputs ────────────┐
verdicts of what it has no vote on ──────┴─► expression ─► what a calculated check is from there
verdicts of leased checks: the same from everywhere
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from healthchecks import derived
from healthchecks.derived import CalculatedCheck
from healthchecks.evidence import Believed, Evidence, families_of
from healthchecks.expression import Expression, Input, evaluate, inputs_of
from healthchecks.models import Assignment, Family
from healthchecks.quorum import endpoint_state
from healthchecks.state import State

Votes = Mapping[int, State]
"""Of vantages, by their ids."""


def from_vantages(
    expression: Expression, votes: Mapping[Input, Votes], verdicts: Mapping[Input, State]
) -> dict[int, State]:
    """What `expression` is from each vantage that has an opinion on any of its inputs: by its opinions, and by the
    verdicts of inputs that it has none on. Pure."""
    cast = {one: _opinions(votes.get(one, {})) for one in inputs_of(expression)}
    vantages = sorted({vantage for of_input in cast.values() for vantage in of_input})
    return {
        vantage: evaluate(expression, {one: cast[one].get(vantage, verdicts.get(one, State.UNKNOWN)) for one in cast})
        for vantage in vantages
    }


def over_families(votes: Sequence[Votes], verdicts: Sequence[State]) -> dict[int, State]:
    """What several families of one check are together from each vantage; `verdicts` are in the same order. Pure."""
    cast = [_opinions(of_family) for of_family in votes]
    vantages = {vantage for of_family in cast for vantage in of_family}
    return {
        vantage: endpoint_state(
            [of_family.get(vantage, verdict) for of_family, verdict in zip(cast, verdicts, strict=True)]
        )
        for vantage in vantages
    }


def _opinions(votes: Votes) -> dict[int, State]:
    return {vantage: state for vantage, state in votes.items() if state is not State.UNKNOWN}


@dataclass
class Sights:
    """`votes`: those that count under an assignment that is probed. `verdict`: of any assignment."""

    evidence: Evidence
    votes: Callable[[Assignment, Family], Votes]
    verdict: Believed
    _seen: dict[tuple[int, int], dict[int, State]] = field(default_factory=dict)

    def by_vantage(self, assignments: Sequence[Assignment], family: Family) -> dict[int, list[State]]:
        """What each vantage that has a vote says under each of these, which are of one endpoint: of what is probed its
        votes, of all else something in any case."""
        probed = [one for one in assignments if one.check_definition.kind not in derived.KINDS]
        without = [one for one in assignments if one.check_definition.kind in derived.KINDS]
        cast = [self.votes(one, family) for one in probed]
        seen = [self.of(one, family) for one in without]
        vantages = {vantage for votes in [*cast, *seen] for vantage in votes}
        return {
            vantage: [
                *(votes[vantage] for votes in cast if vantage in votes),
                *(votes.get(vantage, self.verdict(one, family)) for one, votes in zip(without, seen, strict=True)),
            ]
            for vantage in vantages
        }

    def of(self, assignment: Assignment, family: Family) -> dict[int, State]:
        """What a check is from each vantage that sees anything of it."""
        judged = (assignment.pk, int(family))
        if judged not in self._seen:
            self._seen[judged] = self._of(assignment, family)
        return self._seen[judged]

    def _of(self, assignment: Assignment, family: Family) -> dict[int, State]:
        if assignment.check_definition.kind not in derived.KINDS:
            return dict(self.votes(assignment, family))
        kind = self.evidence.kinds.get(assignment.check_definition_id)
        if not isinstance(kind, CalculatedCheck):
            return {}
        wanted = inputs_of(kind.parsed)
        known = self.evidence.known(assignment, family, self.verdict)
        votes = {one: self._of_input(assignment, family, one) for one in wanted}
        return from_vantages(kind.parsed, votes, {one: known.state_of(one) for one in wanted})

    def _of_input(self, assignment: Assignment, family: Family, wanted: Input) -> dict[int, State]:
        """What is calculated of another endpoint counts by its verdict: what that follows from is not read here."""
        watched = self.evidence.input_of(assignment, wanted)
        if watched is None or not watched.check_definition.enabled:
            return {}
        is_far = watched.endpoint_id != assignment.endpoint_id
        if is_far and watched.check_definition.kind in derived.KINDS:
            return {}
        families = families_of(watched, family)
        return over_families(
            [self.of(watched, one) for one in families], [self.verdict(watched, one) for one in families]
        )
