"""Checks without a probe, over REST."""

from __future__ import annotations

import pytest

from healthchecks.services import current_health

JOB = {"kind": "push", "options": {"lease_s": 300, "grace_s": 60}, "endpoints": ["fra-1"]}
OPS = {"kind": "external", "options": {"on_expiry": "up"}, "endpoints": ["fra-1"]}
STATE = "/api/v1/checks/ops/endpoints/fra-1/state"
DOWN = {"state": "down", "ttl_s": 600, "reason": "maintenance"}


@pytest.fixture
def job(api, fra_1):
    assert api.put("/api/v1/checks/job", JOB).status_code == 201
    return "/api/v1/checks/job/endpoints/fra-1"


@pytest.fixture
def ops_check(api, fra_1):
    assert api.put("/api/v1/checks/ops", OPS).status_code == 201


def test_a_state_is_set_and_read(api, fra_1, ops_check):
    assert api.get(STATE).json()["state"] == "unknown"
    said = api.put(STATE, DOWN)

    assert said.status_code == 200, said.content
    assert said.json().items() >= {"endpoint": "fra-1", "state": "down", "reason": "maintenance"}.items()
    assert said.json()["push_url"] is None
    assert api.get(STATE).json() == said.json()
    assert current_health().states == [(fra_1.pk, 4, "down")]
    [row] = api.get("/api/v1/endpoints/fra-1/health").json()
    assert (row["verdict"], row["cause"], row["vantages"]) == ("down", "maintenance", {})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "state"),
        (DOWN | {"state": "unknown"}, "state"),
        (DOWN | {"ttl_s": 0}, "ttl_s"),
        (DOWN | {"ttl_s": 10**9}, "ttl_s"),
        (DOWN | {"ttl_s": "600"}, "ttl_s"),
        (DOWN | {"reason": "x" * 201}, "reason"),
        (DOWN | {"until": "noon"}, "until"),
    ],
)
def test_a_malformed_state_is_refused_at_what_is_wrong(api, ops_check, refused, body, field):
    problem = refused(api.put(STATE, body), 400)

    assert field in [error["field"] for error in problem["errors"]]
    assert current_health().sequence == 0


def test_a_push_check_has_a_url_that_works_and_can_be_replaced(api, client, fra_1, job):
    url = api.get(f"{job}/state").json()["push_url"]
    assert client.get(url).status_code == 200
    assert api.get(f"{job}/state").json()["state"] == "up"

    new = api.post(f"{job}/push-url").json()["push_url"]
    assert (client.get(url).status_code, client.get(new).status_code) == (404, 200)


def test_what_a_kind_cannot_do_is_said(api, fra_1, job, ops_check, refused):
    api.put("/api/v1/checks/web", {"kind": "tcp", "endpoints": ["fra-1"]})

    assert "only external checks are set" in refused(api.put(f"{job}/state", DOWN), 400)["detail"]
    assert (
        "only push checks have URLs" in refused(api.post("/api/v1/checks/ops/endpoints/fra-1/push-url"), 400)["detail"]
    )
    assert "kind tcp" in refused(api.get("/api/v1/checks/web/endpoints/fra-1/state"), 404)["detail"]
    assert "watches" in refused(api.get("/api/v1/checks/ops/endpoints/fra-9/state"), 404)["detail"]


@pytest.mark.parametrize(("method", "path"), [("get", "state"), ("put", "state"), ("post", "push-url")])
def test_another_team_has_no_such_check(rival_api, ops_check, refused, method, path):
    refused(getattr(rival_api, method)(f"/api/v1/checks/ops/endpoints/fra-1/{path}", DOWN), 404)


def test_a_calculated_check_says_what_it_follows_from(api, fra_1, job, ops_check):
    body = {"kind": "calculated", "options": {"expression": "job or not ops"}, "endpoints": ["fra-1"]}
    assert api.put("/api/v1/checks/serves", body).status_code == 201
    api.put(STATE, DOWN)

    row = next(row for row in api.get("/api/v1/endpoints/fra-1/health").json() if row["check_name"] == "serves")
    assert (row["verdict"], row["inputs"]) == ("up", {"job": "unknown", "ops": "down"})
    assert row["cause"] == "job or not ops: job unknown, ops down"


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("serves", "expression: A check cannot follow from itself: serves → serves. Take one of them out."),
        ("nobody", "expression: There is no check nobody."),
        ("job and", "expression: the name of a check is missing at the end"),
        (7, "expression: Input should be a valid string"),
    ],
)
def test_a_calculated_check_that_cannot_be_is_refused(api, fra_1, job, refused, expression, message):
    body = {"kind": "calculated", "options": {"expression": expression}, "endpoints": ["fra-1"]}
    problem = refused(api.put("/api/v1/checks/serves", body), 400)

    assert problem["errors"] == [{"field": "options", "message": message}]
    assert api.get("/api/v1/checks/serves").status_code == 404


def test_what_another_check_follows_from_is_not_deleted(api, fra_1, job, refused):
    body = {"kind": "calculated", "options": {"expression": "job"}, "endpoints": ["fra-1"]}
    api.put("/api/v1/checks/serves", body)

    assert refused(api.delete("/api/v1/checks/job"), 409)["detail"] == "It is in use: calculated check serves."
    assert api.delete("/api/v1/checks/serves").status_code == 204
    assert api.delete("/api/v1/checks/job").status_code == 204
