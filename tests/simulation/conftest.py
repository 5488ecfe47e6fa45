"""A published world: www.demo.test., answered by fra-1 and fra-2, of which fra-1 is down."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import Team
from healthchecks.models import Assignment, Check
from healthchecks.services import VantageChange, assign, record_vantage_changes
from healthchecks.state import State
from regions.models import Endpoint, Region
from snapshots.services import publish
from steering.models import Policy, Pool
from steering.services import Member, bind, save_policy, set_pool_members
from zones.services import create_zone


@pytest.fixture
def ops(transactional_db):
    return Team.objects.create(name="ops")


@pytest.fixture
def world(ops):
    eu = Region.objects.create(team=ops, name="eu", latitude=50.1, longitude=8.7)
    fra_1 = Endpoint.objects.create(team=ops, name="fra-1", region=eu, ipv4="192.0.2.1")
    fra_2 = Endpoint.objects.create(team=ops, name="fra-2", region=eu, ipv4="192.0.2.2")
    pool = Pool.objects.create(team=ops, name="web")
    set_pool_members(pool, [Member(fra_1), Member(fra_2)])
    www = save_policy(Policy(team=ops, name="www"), pools=[pool], steps=[{"kind": "healthy"}])
    bind(www, create_zone(ops, "demo.test."), "www", types=("A",))
    take_down(fra_1, eu)
    publish(timezone.now())


def take_down(endpoint, vantage):
    check = Check.objects.create(team=endpoint.team, name="web", kind="tcp")
    assign(check, [endpoint])
    now = timezone.now()
    assignment = Assignment.objects.get().pk
    record_vantage_changes([VantageChange(assignment, 4, vantage.pk, State.DOWN, "connection refused", now)], now)
