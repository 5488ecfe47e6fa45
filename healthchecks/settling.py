"""From votes to what edges are told, inside an open ledger.

    votes ──► Verdict of each check ──► EndpointHealth
                        └─────────────────────┴──► Transition

Everything here follows from what is stored, so settling can be repeated at any time; nothing new, nothing written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from healthchecks.beliefs import Beliefs, Judged, Split
from healthchecks.ledger import Ledger
from healthchecks.models import Assignment, Family
from healthchecks.quorum import endpoint_state, verdict, views
from healthchecks.state import State
from regions.models import Endpoint


def settle(ledger: Ledger, endpoint_ids: Collection[int], causes: Mapping[Judged, str], other_cause: str) -> None:
    """Work out the verdicts and states of these endpoints and write what has changed.

    `causes` come from `store_vantage_changes`; what changes without one changes for `other_cause`.
    """
    beliefs = Beliefs.about(endpoint_ids)
    _Settling(ledger, beliefs, causes, other_cause).settle_all()
    beliefs.store(ledger)


def out_of_step(endpoint_ids: Collection[int], now: datetime) -> set[int]:
    """The endpoints that `settle` would change something about. Takes no lock and writes nothing."""
    draft, beliefs = Ledger(0, now), Beliefs.about(endpoint_ids)
    _Settling(draft, beliefs, {}, "").settle_all()
    changed = {transition.endpoint_id for transition in draft.transitions}
    return changed | {endpoint for endpoint, _family in beliefs.new_split}


@dataclass(frozen=True)
class _VerdictChange:
    assignment: Assignment
    from_state: State
    to_state: State


@dataclass(frozen=True)
class _Settling:
    ledger: Ledger
    beliefs: Beliefs
    causes: Mapping[Judged, str]
    other_cause: str

    def settle_all(self) -> None:
        for endpoint in self.beliefs.endpoints:
            for family in Family.of(endpoint):
                self._settle(endpoint, family)

    def _settle(self, endpoint: Endpoint, family: Family) -> None:
        assignments = self.beliefs.assignments.get(endpoint.id, [])
        told = self.beliefs.told.get((endpoint.id, family))
        if not assignments and told is None:
            return  # never checked: edges count it as up without being told
        changes = [change for assignment in assignments if (change := self._judge(assignment, family))]
        before, after = told or State.UNKNOWN, endpoint_state([self._verdict(one, family) for one in assignments])
        if after is not before:
            self.beliefs.new_told[endpoint.id, family] = after
        self._settle_split(endpoint, family, after)
        for change in changes:
            self._write_verdict(endpoint, family, change, after)
        if after is not before and not changes:
            self.ledger.write(endpoint, family, (before, after), after, cause=self.other_cause)

    def _settle_split(self, endpoint: Endpoint, family: Family, state: State) -> None:
        """An endpoint that is up although some vantages say down may be on its way (S14). Not of one without a verdict
        yet: edges have not been told of it."""
        if state is State.UNKNOWN and (endpoint.id, family) not in self.beliefs.told:
            return
        votes = self.beliefs.votes_by_vantage(endpoint.id, family)
        some_down = any(State.DOWN in cast for cast in votes.values())
        split = Split(state is State.UP and some_down, views(votes))
        if split != self.beliefs.split.get((endpoint.id, family), Split()):
            self.beliefs.new_split[endpoint.id, family] = split

    def _judge(self, assignment: Assignment, family: Family) -> _VerdictChange | None:
        """The change of the verdict of one check, if it changes."""
        check = assignment.check_definition
        before = self._verdict(assignment, family)
        after = verdict(
            self.beliefs.votes_by_name(assignment, family).values(),
            quorum=check.quorum,
            vantages=len(self.beliefs.vantages[check.id]),
            current=before,
        )
        if after is before:
            return None
        self.beliefs.new_verdicts[assignment.id, family] = after
        return _VerdictChange(assignment, before, after)

    def _verdict(self, assignment: Assignment, family: Family) -> State:
        judged = (assignment.id, family)
        return self.beliefs.new_verdicts.get(judged) or self.beliefs.verdicts.get(judged, State.UNKNOWN)

    def _write_verdict(self, endpoint: Endpoint, family: Family, change: _VerdictChange, told: State) -> None:
        assignment = change.assignment
        self.ledger.write(
            endpoint,
            family,
            (change.from_state, change.to_state),
            told,
            cause=self.causes.get((assignment.id, family), self.other_cause),
            check_name=assignment.check_definition.name,
            votes=self.beliefs.votes_by_name(assignment, family),
        )
