"""The clock of an endpoint that drains: what has still to happen until it is safe to switch it off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Team
from healthchecks.forcing import force
from healthchecks.services import active_states
from regions.models import AdminState, EdgeNode, Endpoint, Region, Site
from snapshots.draining import Stage, drain_clocks
from snapshots.models import Snapshot
from steering.models import Policy, Pool
from steering.services import Member, set_pool_members
from telemetry.buckets import bucket_of
from telemetry.models import LongCount, NodeReport, QueryCount

NOW = datetime(2026, 11, 21, 12, 0, 5, tzinfo=UTC)
TTL_S = 60


@pytest.fixture
def team(db):
    return Team.objects.create(name="ops")


@pytest.fixture
def fra_1(team):
    """A member of the pool of `www`, drained a minute ago."""
    eu = Region.objects.create(team=team, name="eu", latitude=50, longitude=8)
    endpoint = Endpoint.objects.create(team=team, name="fra-1", region=eu, ipv4="192.0.2.1")
    pool = Pool.objects.create(team=team, name="web")
    set_pool_members(pool, [Member(endpoint)])
    policy = Policy.objects.create(team=team, name="www", ttl_s=TTL_S)
    policy.policy_pools.create(pool=pool, position=0)
    force(endpoint, "drain", "disk", "ada", NOW - timedelta(seconds=65))
    return endpoint


@pytest.fixture
def edge(team):
    site = Site.objects.create(team=team, name="fra", latitude=50, longitude=8)
    return EdgeNode.objects.create(team=team, site=site, name="edge-1", token_digest="1")


def published(generation: int, ago_s: float) -> None:
    Snapshot.objects.create(generation=generation, manifest="{}", changes=[])
    Snapshot.objects.filter(generation=generation).update(created=NOW - timedelta(seconds=ago_s))


def reported(edge: EdgeNode, generation: int, ago_s: float = 1) -> None:
    said = {"boot_id": "6f1c0000-0000-4000-8000-000000000000", "sequence": 1, "generation": generation}
    rest = {"health_sequence": 1, "version": "1", "queries": 1, "reported": NOW - timedelta(seconds=ago_s)}
    NodeReport.objects.create(node=edge, **said, **rest)


def answered(edge: EdgeNode, endpoint: Endpoint, ago_s: float, count: int = 5) -> None:
    of = {"node": edge, "policy_id": Policy.objects.get().pk, "endpoint_id": endpoint.pk, "country": "DE"}
    QueryCount.objects.create(bucket=bucket_of(NOW - timedelta(seconds=ago_s)), rcode=0, count=count, **of)


def clock_of(endpoint: Endpoint, now: datetime = NOW):
    return drain_clocks([endpoint], active_states([endpoint.pk]), now)[endpoint.pk]


def test_nothing_that_does_not_drain_has_a_clock(fra_1, team):
    other = Endpoint.objects.create(team=team, name="fra-2", region=fra_1.region, ipv4="192.0.2.2")
    force(other, "down", "disk", "ada", NOW)

    assert drain_clocks([other], active_states([other.pk]), NOW) == {}


def test_it_waits_for_a_generation_and_for_every_edge(fra_1, edge):
    published(1, ago_s=500)
    reported(edge, 1, ago_s=100)
    assert clock_of(fra_1).stage is Stage.UNPUBLISHED

    published(2, ago_s=64)
    clock = clock_of(fra_1)
    assert (clock.stage, clock.behind, clock.silent, clock.safe_at) == (Stage.WAITING, ["edge-1"], 1, None)


def test_the_tail_is_the_longest_ttl_after_the_last_answer(fra_1, edge):
    published(2, ago_s=64)
    reported(edge, 2)
    answered(edge, fra_1, ago_s=45)  # within the bucket that ended 35 s ago
    clock = clock_of(fra_1)

    assert clock.stage is Stage.TAIL
    assert clock.last_answer == datetime(2026, 11, 21, 11, 59, 30, tzinfo=UTC)
    assert clock.safe_at == clock.last_answer + timedelta(seconds=TTL_S)
    assert clock_of(fra_1, clock.safe_at).stage is Stage.SAFE


def test_answers_of_it_are_counted_minute_by_minute_as_they_fall(fra_1, edge):
    published(2, ago_s=64)
    reported(edge, 2)
    for ago_s, count in ((30, 5), (40, 1), (90, 20), (200, 40)):
        answered(edge, fra_1, ago_s, count)
    clock = clock_of(fra_1)

    assert clock.per_minute[-4:] == [40, 0, 20, 6]
    assert clock.last_minute == 6
    assert [(row.policy.name, row.answers) for row in clock.policies] == [("www", 66)]


def test_a_policy_that_answers_it_all_the_same_is_told(fra_1, edge):
    published(2, ago_s=64)
    reported(edge, 2)
    answered(edge, fra_1, ago_s=6)

    assert clock_of(fra_1).stage is Stage.ANSWERING


def test_an_answer_longer_ago_than_the_last_minutes_counts_with_its_ttl(fra_1, edge):
    Policy.objects.update(ttl_s=86_400)
    published(2, ago_s=64)
    reported(edge, 2)
    of = {"policy_id": Policy.objects.get().pk, "endpoint_id": fra_1.pk, "country": "DE", "count": 1}
    LongCount.objects.create(bucket=NOW - timedelta(hours=2, seconds=5), node=edge, **of)

    clock = clock_of(fra_1)
    assert clock.stage is Stage.TAIL
    assert clock.safe_at == NOW - timedelta(seconds=64) + timedelta(days=1), "other answers may have named it second"


def test_one_that_no_policy_can_answer_is_safe_at_once(fra_1):
    Policy.objects.get().policy_pools.all().delete()

    assert clock_of(fra_1).stage is Stage.SAFE


def test_one_that_is_declared_so_drains_since_its_declaration(fra_1, edge):
    Endpoint.objects.update(admin_state=AdminState.DRAINING, updated=NOW - timedelta(minutes=9))
    fra_1.refresh_from_db()
    published(1, ago_s=500)
    reported(edge, 1)
    clock = clock_of(fra_1)

    assert (clock.since, clock.stage) == (NOW - timedelta(minutes=9), Stage.SAFE)


def test_many_clocks_ask_no_more_than_one(fra_1, edge, django_assert_max_num_queries):
    published(2, ago_s=64)
    more = [
        Endpoint(team=fra_1.team, name=f"e{n}", region=fra_1.region, ipv4="192.0.2.9", admin_state="draining")
        for n in range(30)
    ]
    Endpoint.objects.bulk_create(more)
    with django_assert_max_num_queries(8):
        assert len(drain_clocks(list(Endpoint.objects.all()), active_states(), NOW)) == 31
