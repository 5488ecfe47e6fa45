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
    because: Judgement


@dataclass(frozen=True)
class _Settling:
    ledger: Ledger
    beliefs: Beliefs
    causes: Mapping[Judged, str]
    other_cause: str
    judged: dict[Judged, _VerdictChange | None] = field(default_factory=dict)

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
        speaking = self._speaking(endpoint, family)
        before, after = told or State.UNKNOWN, endpoint_state([self._verdict(one, family) for one in speaking])
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
        votes = self.beliefs.votes_by_vantage(self._speaking(endpoint, family), family)
        some_down = any(State.DOWN in cast for cast in votes.values())
        split = Split(state is State.UP and some_down, views(votes))
        if split != self.beliefs.split.get((endpoint.id, family), Split()):
            self.beliefs.new_split[endpoint.id, family] = split

    def _speaking(self, endpoint: Endpoint, family: Family) -> list[Assignment]:
        """Those with a say of their own: inputs speak through what is calculated from them, once it has a verdict."""
        assignments = self.beliefs.assignments.get(endpoint.id, [])
        decided = [one for one in assignments if self._verdict(one, family) is not State.UNKNOWN]
        heard = {check for one in decided for check in self.beliefs.evidence.inputs_of(one)}
        return [one for one in assignments if one.check_definition_id not in heard]

    def _judge(self, assignment: Assignment, family: Family) -> _VerdictChange | None:
        """The change of the verdict of one check, if it changes."""
        judged = (assignment.id, family)
        if judged not in self.judged:
            self.judged[judged] = self._judge_anew(assignment, family)
        return self.judged[judged]

    def _judge_anew(self, assignment: Assignment, family: Family) -> _VerdictChange | None:
        before = self._verdict(assignment, family)
        because = self.beliefs.evidence.judge(assignment, family, self._believed)
        because = because or self._counted(assignment, family, before)
        if because.state in {before, State.UNKNOWN}:
            return None
        self.beliefs.new_verdicts[assignment.id, family] = because.state
        return _VerdictChange(assignment, before, because.state, because)

    def _counted(self, assignment: Assignment, family: Family, before: State) -> Judgement:
        """What the quorum believes."""
        check, votes = assignment.check_definition, self.beliefs.votes_by_name(assignment, family)
        vantages = len(self.beliefs.vantages[check.id])
        state = verdict(votes.values(), quorum=check.quorum, vantages=vantages, current=before)
        return Judgement(state, self.causes.get((assignment.id, family), ""), votes)

    def _believed(self, assignment: Assignment, family: Family) -> State:
        """The verdict of an input, judged before what follows from it: no check follows from itself (inputs.py). Of one
        that is not settled here, the stored one."""
        if any(assignment.id == one.id for one in self.beliefs.assignments.get(assignment.endpoint_id, [])):
            self._judge(assignment, family)
            return self._verdict(assignment, family)
        return self.beliefs.evidence.stored(assignment, family)

    def _verdict(self, assignment: Assignment, family: Family) -> State:
        judged = (assignment.id, family)
        return self.beliefs.new_verdicts.get(judged) or self.beliefs.verdicts.get(judged, State.UNKNOWN)

    def _write_verdict(self, endpoint: Endpoint, family: Family, change: _VerdictChange, told: State) -> None:
        self.ledger.write(
            endpoint,
            family,
            (change.from_state, change.to_state),
            told,
            cause=change.because.cause or self.other_cause,
            check_name=change.assignment.check_definition.name,
            votes=change.because.votes,
        )
