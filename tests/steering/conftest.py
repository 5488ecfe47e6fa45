"""The fixed cast: the team ops with two regions, an endpoint in each, and the zone demo.test."""

import pytest

from accounts.models import Team
from regions.models import Endpoint, Region
from steering.models import Policy, Pool
from steering.services import Member, save_policy, set_pool_members
from zones.services import create_zone


@pytest.fixture
def ops(db):
    return Team.objects.create(name="ops")


@pytest.fixture
def zone(ops):
    return create_zone(ops, "demo.test.")


@pytest.fixture
def regions(ops):
    places = {"eu": (50.1, 8.7), "us": (39.0, -77.5)}
    return [Region.objects.create(team=ops, name=name, latitude=y, longitude=x) for name, (y, x) in places.items()]


@pytest.fixture
def fra(ops, regions):
    return Endpoint.objects.create(team=ops, name="fra-1", region=regions[0], ipv4="192.0.2.1")


@pytest.fixture
def iad(ops, regions):
    return Endpoint.objects.create(team=ops, name="iad-1", region=regions[1], ipv4="192.0.2.2")


@pytest.fixture
def named(ops, regions):
    return Endpoint.objects.create(team=ops, name="bucket", region=regions[0], hostname="bucket.example.net.")


@pytest.fixture
def make_pool(ops):
    def make(name, *endpoints):
        pool = Pool.objects.create(team=ops, name=name)
        set_pool_members(pool, [Member(endpoint) for endpoint in endpoints])
        return pool

    return make


@pytest.fixture
def make_policy(ops):
    def make(name, *pools, steps=(), **columns):
        return save_policy(Policy(team=ops, name=name, **columns), pools=pools, steps=steps)

    return make


@pytest.fixture
def web(make_pool, fra, iad):
    return make_pool("web", fra, iad)


@pytest.fixture
def www(make_policy, web):
    return make_policy("www", web, steps=[{"kind": "healthy"}])
