"""From votes to what edges are told, inside an open ledger.

    votes (H3),
    leases, ──► Verdict of each check ──► believed of the endpoint ──► EndpointHealth: what edges are told
    inputs      │    a penalty, if it     │    the brakes of its pools   │    what an operator forces
                │    flaps (H5)           │    (H7)                      │    (H6)
                └─────────────────────────┴──────────────────────────────┴──► Transition (H8)

Each guard beats what stands before it. Everything here follows from what is stored and the time, so settling can be
repeated at any moment; nothing new, nothing written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from healthchecks.beliefs import Belief, Beliefs, Judged, Split
from healthchecks.brakes import Brakes, judge_brakes
from healthchecks.damping import Penalty
from healthchecks.derived import Judgement
from healthchecks.ledger import Ledger
from healthchecks.models import Assignment, Family
from healthchecks.quorum import endpoint_state, verdict, views
from healthchecks.sights import Sights
from healthchecks.state import State
from regions.models import Endpoint


def settle(ledger: Ledger, endpoint_ids: Collection[int], causes: Mapping[Judged, str], other_cause: str) -> None:
    """Work out the verdicts and states of these endpoints and write what has changed.

    `causes` come from `store_vantage_changes`; what changes without one changes for `other_cause`.
    """
    beliefs = Beliefs.about(endpoint_ids)
    settling = _Settling(ledger, beliefs, causes, other_cause)
    settling.settle_all()
    beliefs.store(ledger)
    settling.brakes.store(ledger.now)
    for cause, others in settling.brakes.others.items():
        if others:
            settle(ledger, others, {}, cause)


def out_of_step(endpoint_ids: Collection[int], now: datetime) -> set[int]:
    """The endpoints that `settle` would change something about. Takes no lock and writes nothing."""
    draft, beliefs = Ledger(0, now), Beliefs.about(endpoint_ids)
    settling = _Settling(draft, beliefs, {}, "")
    settling.settle_all()
    changed = {transition.endpoint_id for transition in draft.transitions}
    return changed | {endpoint for endpoint, _family in beliefs.new_split} | settling.brakes.changed


@dataclass(frozen=True)
class _VerdictChange:
    assignment: Assignment
    from_state: State
    to_state: State
    because: Judgement


@dataclass
class _Settling:
    ledger: Ledger
    beliefs: Beliefs
    causes: Mapping[Judged, str]
    other_cause: str
    judged: dict[Judged, _VerdictChange | None] = field(default_factory=dict)
    brakes: Brakes = field(default_factory=Brakes)

    @cached_property
    def sights(self) -> Sights:
        """Asked once all verdicts are."""
        return Sights(self.beliefs.evidence, self.beliefs.votes_that_count, self._believed)

    def settle_all(self) -> None:
        """All are believed first: a brake asks how many went down together."""
        concerned = [
            (endpoint, family)
            for endpoint in self.beliefs.endpoints
            for family in Family.of(endpoint)
            if self._is_concerned(endpoint, family)
        ]
        changes = {(endpoint.id, family): self._believe(endpoint, family) for endpoint, family in concerned}
        self.brakes = judge_brakes(self.beliefs, self.ledger.now)
        for endpoint, family in concerned:
            self._tell(endpoint, family, changes[endpoint.id, family])

    def _is_concerned(self, endpoint: Endpoint, family: Family) -> bool:
        """Not one that is neither checked nor forced, nor ever was: edges count it as up without being told."""
        is_guarded = endpoint.id in self.beliefs.assignments or endpoint.id in self.beliefs.guards.forced
        return is_guarded or (endpoint.id, family) in self.beliefs.told

    def _believe(self, endpoint: Endpoint, family: Family) -> list[_VerdictChange]:
        assignments = self.beliefs.assignments.get(endpoint.id, [])
        changes = [change for assignment in assignments if (change := self._judge(assignment, family))]
        for change in changes:
            self._penalise(change, family)
        before = self.beliefs.believed.get((endpoint.id, family))
        state = endpoint_state([self._damped(one, family) for one in self._speaking(endpoint, family)])
        if before is None or state is not before.state:
            self.beliefs.new_believed[endpoint.id, family] = Belief(state, self.ledger.now)
        return changes

    def _tell(self, endpoint: Endpoint, family: Family, changes: Sequence[_VerdictChange]) -> None:
        judged = (endpoint.id, family)
        before = self.beliefs.told.get(judged, State.UNKNOWN)
        after, cause = self._told(judged)
        if after is not before:
            self.beliefs.new_told[judged] = after
        self._settle_split(endpoint, family, after)
        for change in changes:
            self._write_verdict(endpoint, family, change, after)
        if after is not before and (cause or not changes):
            self.ledger.write(endpoint, family, (before, after), after, cause=cause or self.other_cause)

    def _told(self, judged: Judged) -> tuple[State, str]:
        """What edges are to be told, and why if it is not for the checks alone."""
        forced = self.beliefs.guards.forced.get(judged[0])
        if forced:
            return State(forced.state), forced.words
        if judged in self.brakes.held:
            return State.UP, self.brakes.held[judged]
        believed = self.beliefs.new_believed.get(judged) or self.beliefs.believed[judged]
        return believed.state, self.brakes.released.get(judged, "")

    def _settle_split(self, endpoint: Endpoint, family: Family, state: State) -> None:
        """An endpoint that is up although some vantages say down may be on its way (S14). Not of one without a verdict
        yet: edges have not been told of it. Of one that is guarded, what single vantages see does not count."""
        judged = (endpoint.id, family)
        if state is State.UNKNOWN and judged not in self.beliefs.told:
            return
        split = self._split(endpoint, family, state)
        if split != self.beliefs.split.get(judged, Split()):
            self.beliefs.new_split[judged] = split

    def _split(self, endpoint: Endpoint, family: Family, state: State) -> Split:
        if endpoint.id in self.beliefs.guards.forced:
            return Split()
        if (endpoint.id, family) in self.brakes.held:
            return Split(failing=True)
        speaking = self._speaking(endpoint, family)
        if any(self._is_suppressed(assignment, family) for assignment in speaking):
            return Split()
        votes = self.sights.by_vantage(speaking, family)
        some_down = any(State.DOWN in cast for cast in votes.values())
        return Split(state is State.UP and some_down, views(votes))

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

    def _penalise(self, change: _VerdictChange, family: Family) -> None:
        """One more time down; the first verdict is none."""
        damping = change.assignment.check_definition.damping
        if damping and (change.from_state, change.to_state) == (State.UP, State.DOWN):
            penalty = self._penalty(change.assignment, family).after_down(damping, self.ledger.now)
            self.beliefs.new_penalties[change.assignment.id, family] = penalty

    def _penalty(self, assignment: Assignment, family: Family) -> Penalty:
        judged = (assignment.id, family)
        return self.beliefs.new_penalties.get(judged) or self.beliefs.penalties.get(judged, Penalty())

    def _is_suppressed(self, assignment: Assignment, family: Family) -> bool:
        is_damped = assignment.check_definition.damping is not None
        return is_damped and self._penalty(assignment, family).is_suppressing(self.ledger.now)

    def _damped(self, assignment: Assignment, family: Family) -> State:
        """The verdict, or down as long as it has flapped too much."""
        return State.DOWN if self._is_suppressed(assignment, family) else self._verdict(assignment, family)

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
