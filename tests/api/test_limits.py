"""Nobody asks more often than is good for all."""

from __future__ import annotations

import pytest

from accounts import quotas
from accounts.quotas import Quota


@pytest.fixture
def ten_at_once(settings):
    settings.API_REQUESTS_PER_S = 1.0


def test_answers_say_what_is_left(api, ten_at_once):
    answer = api.get("/api/v1/regions")
    assert answer["RateLimit-Policy"] == '"requests";q=10;w=10'
    assert answer["RateLimit"] == '"requests";r=9;t=1'


def test_who_asks_too_often_is_told_when_to_come_again_and_no_one_else(api, rival_api, refused, ten_at_once):
    answers = [api.get("/api/v1/regions") for _ in range(11)]
    while answers[-1].status_code == 200:  # a second or more went by
        answers.append(api.get("/api/v1/regions"))

    assert len(answers) >= 11
    refused(answers[-1], 429)
    assert int(answers[-1]["Retry-After"]) >= 1
    assert answers[-1]["RateLimit"].startswith('"requests";r=0;')
    assert rival_api.get("/api/v1/regions").status_code == 200


def test_endpoints_may_say_their_load_as_often_as_there_are_endpoints(api, fra_1, ten_at_once):
    statuses = {api.put("/api/v1/endpoints/fra-1/load", {"current": 1, "capacity": 2}).status_code for _ in range(12)}
    assert statuses == {200}


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
def test_a_trial_that_is_rolled_back_counts_too(api, refused, settings, headers):
    settings.API_REQUESTS_PER_S = 0.001
    us = {"name": "us", "latitude": 39, "longitude": -77.5}

    assert api.post("/api/v1/regions?dry_run=1", us, headers=headers).status_code == 200
    refused(api.post("/api/v1/regions?dry_run=1", us, headers=headers), 429)


def test_requests_are_not_limited_where_nobody_wants_that(api, settings):
    settings.API_REQUESTS_PER_S = 0
    assert "RateLimit" not in api.get("/api/v1/regions")


def test_a_quota_fills_up_again_and_who_is_not_heard_of_is_forgotten(db):
    fast = Quota("fast", 1e6, 1)
    assert quotas.take(fast, "ada").wait_s == 0
    while quotas.take(fast, "ada").wait_s:
        pass
    quotas.forget()
    assert quotas.take(fast, "ada").wait_s == 0
