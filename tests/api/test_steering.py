"""Pools and policies over REST."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from steering.models import Policy

GEO = {"kind": "geo", "rules": [{"location": "continent:EU", "regions": ["eu"]}], "default": "all"}


@pytest.fixture
def web(api, fra_1, fra_2):
    body = {"members": [{"endpoint": "fra-2", "weight": 70}, {"endpoint": "fra-1"}]}
    return api.put("/api/v1/pools/web", body).json()


def test_a_pool_keeps_the_order_of_its_members(api, web):
    assert [member["endpoint"] for member in web["members"]] == ["fra-2", "fra-1"]
    assert web["members"][0] == {"endpoint": "fra-2", "weight": 70, "priority": None, "bias": None, "cost": None}

    turned = api.patch("/api/v1/pools/web", {"members": web["members"][::-1]}).json()
    assert [member["endpoint"] for member in turned["members"]] == ["fra-1", "fra-2"]
    assert api.patch("/api/v1/pools/web", {"weight": 3}).json()["members"] == turned["members"]
    assert api.put("/api/v1/pools/web", {}).json()["members"] == []


def test_a_policy_names_what_its_steps_refer_to(api, web):
    body = {"pools": ["web"], "steps": [{"kind": "healthy"}, GEO, {"kind": "first", "count": 2}], "ttl": 20}
    created = api.put("/api/v1/policies/www", body)

    assert created.status_code == 201, created.content
    policy = created.json()
    assert (policy["pools"], policy["ttl"], policy["ttl_min"], policy["ecs"]) == (["web"], 20, 5, "always")
    assert [step["kind"] for step in policy["steps"]] == ["healthy", "geo", "first"]
    assert policy["steps"][1]["rules"][0]["regions"] == ["eu"]


def test_what_was_read_of_a_policy_can_be_written_back(api, web):
    policy = api.put("/api/v1/policies/www", {"pools": ["web"], "steps": [GEO]}).json()
    again = api.put("/api/v1/policies/www", policy).json()

    assert again | {"updated": policy["updated"]} == policy


def test_a_change_of_a_policy_leaves_the_rest(api, web):
    api.put("/api/v1/policies/www", {"pools": ["web"], "steps": [GEO], "ttl": 20})
    changed = api.patch("/api/v1/policies/www", {"ttl": 40}).json()

    assert (changed["ttl"], changed["pools"], len(changed["steps"])) == (40, ["web"], 1)


def test_a_policy_draws_with_the_same_salt_until_a_write_says_another_one(api, web):
    first = api.put("/api/v1/policies/www", {"pools": ["web"]}).json()["salt"]

    assert len(first) == 16
    assert api.put("/api/v1/policies/other", {"pools": ["web"]}).json()["salt"] != first
    assert api.put("/api/v1/policies/www", {"pools": ["web"], "ttl": 20}).json()["salt"] == first
    assert api.patch("/api/v1/policies/www", {"ttl": 40}).json()["salt"] == first
    assert api.patch("/api/v1/policies/www", {"salt": "of the old name"}).json()["salt"] == "of the old name"


def test_a_policy_keeps_the_order_of_its_pools(api, web, fra_1):
    api.put("/api/v1/pools/another", {"members": [{"endpoint": "fra-1"}]})

    assert api.put("/api/v1/policies/www", {"pools": ["web", "another"]}).json()["pools"] == ["web", "another"]
    assert api.patch("/api/v1/policies/www", {"pools": ["another", "web"]}).json()["pools"] == ["another", "web"]


REFUSED = [
    ({}, "pools"),
    ({"pools": []}, "pools"),
    ({"pools": "web"}, "pools"),
    ({"pools": ["gone"]}, "pools.0"),
    ({"pools": ["web", "web"]}, "pools.1"),
    ({"ttl": -1}, "ttl"),
    ({"ttl": 2**31}, "ttl"),
    ({"ttl": 10, "ttl_min": 11}, "ttl_min"),
    ({"ecs": "sometimes"}, "ecs"),
    ({"salt": ""}, "salt"),
    ({"salt": "x" * 65}, "salt"),
    ({"salt": 5}, "salt"),
    ({"steps": {}}, "steps"),
    ({"steps": ["healthy"]}, "steps.0"),
    ({"steps": [{"kind": "telepathy"}]}, "steps.0.kind"),
    ({"steps": [{}]}, "steps.0.kind"),
    ({"steps": [{"kind": "first", "count": 17}]}, "steps.0.count"),
    ({"steps": [{"kind": "first", "count": "2"}]}, "steps.0.count"),
    ({"steps": [{"kind": "healthy", "if_empty": {"action": "refuse"}}]}, "steps.0.if_empty"),
    ({"steps": [{"kind": "healthy"}, {"kind": "geo", "rules": []}]}, "steps.1.default"),
    ({"steps": [GEO | {"rules": [{"location": "planet:mars", "regions": ["eu"]}]}]}, "steps.0.rules.0.location"),
    ({"steps": [GEO | {"rules": [{"location": "continent:EU", "regions": ["gone"]}]}]}, "steps.0.rules.0.regions.0"),
]


@pytest.mark.parametrize(("body", "field"), REFUSED)
def test_a_policy_is_refused_at_the_place_that_is_wrong(api, web, refused, body, field):
    body = body if "pools" in body or not body else {"pools": ["web"], **body}
    problem = refused(api.put("/api/v1/policies/www", body), 400)

    assert [error["field"] for error in problem["errors"]] == [field], problem
    assert not Policy.objects.exists()


def test_what_a_policy_uses_is_not_deleted(api, web, refused):
    api.put("/api/v1/policies/www", {"pools": ["web"], "steps": [GEO]})

    assert "www" in refused(api.delete("/api/v1/pools/web"), 409)["detail"]
    assert "web" in refused(api.delete("/api/v1/endpoints/fra-1"), 409)["detail"]
    refused(api.delete("/api/v1/regions/eu"), 409)


def test_a_list_asks_the_database_as_often_for_many_as_for_one(api, web):
    def asked(path):
        with CaptureQueriesContext(connection) as captured:
            api.get(path)
        return len(captured)

    api.put("/api/v1/policies/p0", {"pools": ["web"], "steps": [GEO]})
    few = [asked("/api/v1/policies"), asked("/api/v1/pools")]
    for number in range(1, 5):
        api.put(f"/api/v1/policies/p{number}", {"pools": ["web"], "steps": [GEO]})
        api.put(f"/api/v1/pools/q{number}", {"members": [{"endpoint": "fra-1"}]})

    assert [asked("/api/v1/policies"), asked("/api/v1/pools")] == few


def test_writers_lock_the_team_before_the_policy_so_that_none_waits_for_the_other(api, web):
    api.put("/api/v1/policies/www", {"pools": ["web"]})
    with CaptureQueriesContext(connection) as captured:
        api.patch("/api/v1/policies/www", {"ttl": 40})
    locks = [query["sql"] for query in captured if "FOR NO KEY UPDATE" in query["sql"]]

    assert "accounts_team" in locks[0]
    assert "steering_policy" in locks[1]
