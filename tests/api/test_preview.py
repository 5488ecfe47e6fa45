"""Who would get what from a policy that is still being written, over REST."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import Team
from regions.models import Endpoint, Region
from snapshots.services import publish
from steering.models import Policy, Pool
from steering.services import Member, bind, save_policy, set_pool_members, steps_with_names
from zones.services import create_zone

URL = "/api/v1/preview"
NEAREST = [{"kind": "distance"}, {"kind": "first", "count": 1}]


@pytest.fixture
def ops(transactional_db):
    return Team.objects.create(name="ops")


@pytest.fixture
def web(ops, eu):
    """A pool of fra-9 in Europe and iad-9 in the United States; published."""
    us = Region.objects.create(team=ops, name="us", latitude=39, longitude=-77.5)
    places = [("fra-9", "192.0.2.9", eu), ("iad-9", "192.0.2.10", us)]
    endpoints = [Endpoint.objects.create(team=ops, name=name, region=at, ipv4=ip) for name, ip, at in places]
    pool = Pool.objects.create(team=ops, name="web")
    set_pool_members(pool, [Member(endpoint) for endpoint in endpoints])
    publish(timezone.now())
    return pool


@pytest.fixture
def www(ops, web):
    policy = save_policy(Policy(team=ops, name="www"), pools=[web], steps=[])
    bind(policy, create_zone(ops, "example.test."), "www", types=("A",))
    publish(timezone.now())
    return policy


def test_a_draft_of_a_policy_is_compared_with_what_it_answers(api, www):
    said = api.post(URL, {"policy": "www", "steps": NEAREST, "clients": "US", "samples": 2000}).json()

    assert (said["name"], said["type"], said["clients"]) == ("www.example.test.", "A", 2000)
    assert sum(row["after"] for row in said["endpoints"]) == pytest.approx(1)
    assert sum(row["before"] for row in said["endpoints"]) == pytest.approx(1)
    assert said["asked"]["endpoints"][0]["endpoint"] == "iad-9"
    assert said["asked"]["explained"]
    assert steps_with_names(www) == []


def test_a_new_policy_needs_neither_a_name_nor_a_binding(api, web):
    body = {"pools": ["web"], "steps": NEAREST, "samples": 500}

    said = api.post(URL, body).json()

    assert said["name"] is None
    assert {row["endpoint"] for row in said["endpoints"]} <= {"fra-9", "iad-9"}
    assert all(row["before"] is None for row in said["endpoints"])
    assert said == api.post(URL, body).json()
    assert not Policy.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "pools"),
        ({"pools": ["gone"]}, "pools"),
        ({"policy": "gone"}, "policy"),
        ({"pools": ["web"], "type": "MX"}, "type"),
        ({"pools": ["web"], "clients": "nowhere"}, "clients"),
        ({"pools": ["web"], "steps": [{"kind": "teleport"}]}, "steps"),
        ({"pools": ["web"], "colour": "red"}, "colour"),
    ],
)
def test_what_cannot_be_tried_is_refused_at_its_field(api, web, refused, body, field: str):
    problem = refused(api.post(URL, body), 400)

    assert any(error["field"].split(".")[0] == field for error in problem["errors"])


def test_pools_of_another_team_are_not_there(rival_api, web, refused):
    refused(rival_api.post(URL, {"pools": ["web"]}), 400)
