"""The brakes of the pools that some endpoints are in, inside an open ledger (brake.py says when one holds).

endpoints believed down ──► their pools, with all members ──► brake ──► who is held up, alarms raised and over
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from healthchecks.beliefs import Belief, Beliefs, Judged, belief_of
from healthchecks.brake import Brake, BrakeLimits, Engaged, brake, is_part_of
from healthchecks.family import Family
from healthchecks.guard_models import Alarm, BrakedMember, ForcedState
from healthchecks.models import EndpointHealth
from healthchecks.state import State
from regions.models import AdminState, Endpoint


@dataclass
class Brakes:
    """What came of it: who is held up and who no longer, and why. `others`: endpoints that the settling was not about
    and that have to be settled too, by the cause."""

    held: dict[Judged, str] = field(default_factory=dict)
    released: dict[Judged, str] = field(default_factory=dict)
    others: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    raised: list[Alarm] = field(default_factory=list)
    over: list[Alarm] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)

    def store(self, now: datetime) -> None:
        """Raise the new alarms, and end those that are over."""
        Alarm.objects.bulk_create(self.raised)
        Alarm.objects.filter(pk__in=[alarm.pk for alarm in self.over]).update(until=now)


def judge_brakes(beliefs: Beliefs, now: datetime) -> Brakes:
    """The brakes of all pools that the endpoints of `beliefs` are in. Costs one query while none has gone down."""
    brakes = Brakes()
    alarms = {(alarm.subject_id, alarm.family): alarm for alarm in mass_failures()}
    concerned = {endpoint.id for endpoint in beliefs.endpoints}
    if not alarms:
        concerned = {endpoint for (endpoint, _), belief in beliefs.new_believed.items() if belief.state is State.DOWN}
    if not concerned:
        return brakes
    for pool in _pools_of(concerned, beliefs):
        for family in Family:
            _judge(brakes, pool, family, alarms.get((pool.id, family)), now)
    for endpoints in brakes.others.values():
        endpoints -= {endpoint.id for endpoint in beliefs.endpoints}
    return brakes


def mass_failures() -> list[Alarm]:
    """Those that are not over."""
    return list(Alarm.objects.filter(kind=Alarm.Kind.MASS_FAILURE, until__isnull=True))


def held_up() -> set[int]:
    """The ids of endpoints that edges are told are up, though their checks say down: whatever the reason."""
    rows = EndpointHealth.objects.filter(state=State.UP.value, believed=State.DOWN.value)
    return set(rows.values_list("endpoint_id", flat=True))


@dataclass(frozen=True)
class _Pool:
    id: int
    name: str
    team_id: int
    limits: BrakeLimits
    members: Mapping[Judged, Belief | None]

    def members_over(self, family: Family) -> dict[int, Belief | None]:
        return {endpoint: belief for (endpoint, over), belief in self.members.items() if over == family}


def _judge(brakes: Brakes, pool: _Pool, family: Family, alarm: Alarm | None, now: datetime) -> None:
    members = pool.members_over(family)
    downs = {one: belief.since for one, belief in members.items() if belief and belief.state is State.DOWN}
    engaged = Engaged(alarm.since, alarm.acknowledged_at is not None) if alarm else None
    found = brake(downs.values(), len(members), pool.limits, engaged, now)
    failed = {one for one, down in downs.items() if is_part_of(down, alarm.since if alarm else now, pool.limits)}
    held = f"held up: mass failure of pool {pool.name}"
    if found is Brake.HOLDING:
        brakes.held |= dict.fromkeys([(one, family) for one in failed], held)
    if (found is Brake.RELEASED) == (alarm is None):
        return
    brakes.changed |= members.keys()
    if alarm:
        over = f"the mass failure of pool {pool.name} is over"
        brakes.over.append(alarm)
        brakes.released |= dict.fromkeys([(one, family) for one in failed], over)
        brakes.others[over] |= failed
    else:
        brakes.raised.append(_alarm(pool, family, len(failed), len(members), found, now))
        brakes.others[held] |= failed


def _alarm(pool: _Pool, family: Family, failed: int, members: int, found: Brake, now: datetime) -> Alarm:
    told = "edges go on being told that they are up" if found is Brake.HOLDING else "edges are told, as the pool says"
    window_s = pool.limits.window.total_seconds()
    return Alarm(
        kind=Alarm.Kind.MASS_FAILURE,
        team_id=pool.team_id,
        subject_id=pool.id,
        family=family,
        subject=f"pool {pool.name} over {family.label}",
        detail=f"{failed} of {members} endpoints went down within {window_s:.0f} s; {told}",
        since=now,
    )


def _pools_of(endpoint_ids: Collection[int], beliefs: Beliefs) -> Iterator[_Pool]:
    groups = BrakedMember.objects.filter(endpoint_id__in=endpoint_ids).values("group_id")
    rows = list(BrakedMember.objects.filter(group_id__in=groups).order_by("group_id", "id"))
    believed = _Members({row.endpoint_id for row in rows}, beliefs).believed
    by_group: dict[int, list[BrakedMember]] = defaultdict(list)
    for row in rows:
        by_group[row.group_id].append(row)
    for group_id, members in by_group.items():
        first, mine = members[0], {member.endpoint_id for member in members}
        limits = BrakeLimits(
            first.max_down_percent, timedelta(seconds=first.window_s), timedelta(seconds=first.hold_s), first.holds
        )
        own = {judged: belief for judged, belief in believed.items() if judged[0] in mine}
        yield _Pool(group_id, first.group_name, first.team_id, limits, own)


@dataclass(frozen=True)
class _Members:
    """What is believed of endpoints, also of those that the settling is not about. Whom operators have out of service
    or force does not count: no verdict changes what edges are told of them."""

    endpoint_ids: Collection[int]
    beliefs: Beliefs

    @cached_property
    def believed(self) -> dict[Judged, Belief | None]:
        rows = EndpointHealth.objects.filter(endpoint__in=self.endpoint_ids)
        stored = {(row.endpoint_id, int(row.family)): belief_of(row) for row in rows}
        known = stored | self.beliefs.believed | self.beliefs.new_believed
        return {
            (endpoint.id, family): known.get((endpoint.id, family))
            for endpoint in self._counted
            for family in Family.of(endpoint)
        }

    @property
    def _counted(self) -> list[Endpoint]:
        forced = ForcedState.objects.filter(endpoint__in=self.endpoint_ids, ended__isnull=True).values("endpoint")
        enabled = Endpoint.objects.filter(id__in=self.endpoint_ids, admin_state=AdminState.ENABLED)
        return list(enabled.exclude(id__in=forced).order_by("id"))
