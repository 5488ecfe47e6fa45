"""A published world: www.demo.test., answered by fra-1 and fra-2, of which fra-1 is down."""

from __future__ import annotations

import numpy as np
import pytest
from django.utils import timezone

from accounts.models import Team
from healthchecks.models import Assignment, Check
from healthchecks.services import VantageChange, assign, record_vantage_changes
from healthchecks.state import State
from latency.opened import Current
from latency.table import Cells, Groups, MapMessage, encoded
from regions.models import Endpoint, Region
from responder import LatencyMap
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


@pytest.fixture
def virginia(world, ops):
    """A second pool, far away."""
    us = Region.objects.create(team=ops, name="us", latitude=39, longitude=-77.5)
    iad_1 = Endpoint.objects.create(team=ops, name="iad-1", region=us, ipv4="192.0.2.9")
    pool = Pool.objects.create(team=ops, name="virginia")
    set_pool_members(pool, [Member(iad_1)])
    publish(timezone.now())
    return pool


@pytest.fixture
def measured(virginia, monkeypatch):
    """A latency map of two regions: 20 ms more to each client of Virginia than to one of Frankfurt."""
    eu, us = Region.objects.order_by("pk").values_list("pk", flat=True)
    none = np.empty(0, dtype=np.int64)
    kinds, keys = np.array([0]), np.array([0])
    groups = Groups(kinds, keys, np.array([9.0]), np.array([[0.0, 20.0]]), np.array([[1.0, 1.0]]))
    cells = Cells(none, none, np.empty(0), np.empty((0, 2)), np.empty((0, 2)), np.empty((0, 2), dtype=np.int64))
    message = MapMessage(1, 0, 1, 30.0, 0.0, 0.25, (eu, us), groups, cells)
    current = Current()
    current._map = LatencyMap().apply(encoded(message))
    monkeypatch.setattr("latency.opened.maps_since", lambda _sequence: [])
    monkeypatch.setattr("simulation.what_if.current_latencies", current)
