"""From votes to what edges are told, inside an open ledger.

    votes, leases, inputs ──► Verdict of each check ──► EndpointHealth
                                        └─────────────────────┴──► Transition

Everything here follows from what is stored, so settling can be repeated at any time; nothing new, nothing written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from healthchecks.beliefs import Beliefs, Judged, Split
from healthchecks.derived import Judgement
from healthchecks.evidence import Evidence, with_dependents
from healthchecks.ledger import Ledger
from healthchecks.models import Assignment, Family
from healthchecks.quorum import endpoint_state, verdict, views
from healthchecks.state import State
from regions.models import Endpoint


def settle(ledger: Ledger, endpoint_ids: Collection[int], causes: Mapping[Judged, str], other_cause: str) -> None:
    """Work out the verdicts and states of these endpoints and write what has changed.

    `causes` come from `store_vantage_changes`; what changes without one changes for `other_cause`.
    """
    settling = _Settling.of(endpoint_ids, ledger, causes, other_cause)
    settling.settle_all()
    settling.beliefs.store(ledger)


def out_of_step(endpoint_ids: Collection[int], now: datetime) -> set[int]:
    """The endpoints that `settle` would change something about. Takes no lock and writes nothing."""
    settling = _Settling.of(endpoint_ids, Ledger(0, now), {}, "")
    settling.settle_all()
    changed = {transition.endpoint_id for transition in settling.ledger.transitions}
    return changed | {endpoint for endpoint, _family in settling.beliefs.new_split}


@dataclass(frozen=True)
class _VerdictChange:
    assignment: Assignment
    from_state: State
    because: Judgement


@dataclass(frozen=True)
class _Settling:
    ledger: Ledger
    beliefs: Beliefs
    evidence: Evidence
    causes: Mapping[Judged, str]
    other_cause: str
    judged: dict[Judged, _VerdictChange | None] = field(default_factory=dict)

    @classmethod
    def of(
        cls, endpoint_ids: Collection[int], ledger: Ledger, causes: Mapping[Judged, str], other_cause: str
    ) -> _Settling:
        """These endpoints and all that follows from them, as stored."""
        beliefs = Beliefs.about(with_dependents(endpoint_ids))
        assignments = [assignment for enabled in beliefs.assignments.values() for assignment in enabled]
        return cls(ledger, beliefs, Evidence.about(assignments), causes, other_cause)

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
        speaking = self._speaking(assignments, family)
        before, after = told or State.UNKNOWN, endpoint_state([self._verdict(one, family) for one in speaking])
        if after is not before:
            self.beliefs.new_told[endpoint.id, family] = after
        self._settle_split(endpoint, family, after, {one.id for one in speaking})
        for change in changes:
            self._write_verdict(endpoint, family, change, after)
        if after is not before and not changes:
            self.ledger.write(endpoint, family, (before, after), after, cause=self.other_cause)

    def _speaking(self, assignments: list[Assignment], family: Family) -> list[Assignment]:
        """Those with a say of their own: inputs speak through what is calculated from them, once it has a verdict."""
        decided = [one for one in assignments if self._verdict(one, family) is not State.UNKNOWN]
        heard = {check for one in decided for check in self.evidence.inputs_of(one)}
        return [one for one in assignments if one.check_definition_id not in heard]

    def _settle_split(self, endpoint: Endpoint, family: Family, state: State, speaking: Collection[int]) -> None:
        """An endpoint that is up although some vantages say down may be on its way (S14). Not of one without a verdict
        yet: edges have not been told of it."""
        if state is State.UNKNOWN and (endpoint.id, family) not in self.beliefs.told:
            return
        votes = self.beliefs.votes_by_vantage(endpoint.id, family, speaking)
        some_down = any(State.DOWN in cast for cast in votes.values())
        split = Split(state is State.UP and some_down, views(votes))
        if split != self.beliefs.split.get((endpoint.id, family), Split()):
            self.beliefs.new_split[endpoint.id, family] = split

    def _judge(self, assignment: Assignment, family: Family) -> _VerdictChange | None:
        """The change of the verdict of one check, if it changes. Inputs are judged before what follows from them: no
        check follows from itself (healthchecks.inputs)."""
        judged = (assignment.id, family)
        if judged not in self.judged:
            before = self._verdict(assignment, family)
            now = self.evidence.judge(assignment, family, self._believed) or self._counted(assignment, family, before)
            is_news = now.state not in {before, State.UNKNOWN}
            if is_news:
                self.beliefs.new_verdicts[judged] = now.state
            self.judged[judged] = _VerdictChange(assignment, before, now) if is_news else None
        return self.judged[judged]

    def _counted(self, assignment: Assignment, family: Family, before: State) -> Judgement:
        """What the quorum believes."""
        check, votes = assignment.check_definition, self.beliefs.votes_by_name(assignment, family)
        vantages = len(self.beliefs.vantages[check.id])
        state = verdict(votes.values(), quorum=check.quorum, vantages=vantages, current=before)
        return Judgement(state, self.causes.get((assignment.id, family), ""), votes)

    def _believed(self, assignment: Assignment, family: Family) -> State:
        """The verdict of an input: of one that is not settled here, the stored one."""
        if any(assignment.id == one.id for one in self.beliefs.assignments.get(assignment.endpoint_id, [])):
            self._judge(assignment, family)
            return self._verdict(assignment, family)
        return self.evidence.stored(assignment, family)

    def _verdict(self, assignment: Assignment, family: Family) -> State:
        judged = (assignment.id, family)
        return self.beliefs.new_verdicts.get(judged) or self.beliefs.verdicts.get(judged, State.UNKNOWN)

    def _write_verdict(self, endpoint: Endpoint, family: Family, change: _VerdictChange, told: State) -> None:
        self.ledger.write(
            endpoint,
            family,
            (change.from_state, change.because.state),
            told,
            cause=change.because.cause or self.other_cause,
            check_name=change.assignment.check_definition.name,
            votes=change.because.votes,
        )
