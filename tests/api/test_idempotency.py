"""A request with an Idempotency-Key is done once, however often it is sent."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import idempotency
from accounts.models import ApiToken, Membership, Team, User
from accounts.permissions import Role
from accounts.remembered_models import RememberedAnswer
from regions.models import Region

BODY = {"name": "us", "latitude": 39, "longitude": -77.5}
URL = "/api/v1/regions"


def post(api, key='"k-1"', body=BODY, **headers):
    return api.post(URL, body, headers={"Idempotency-Key": key, **headers})


def test_what_is_sent_again_is_answered_again_and_done_once(api):
    first, second = post(api), post(api)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert (second["ETag"], second["Location"]) == (first["ETag"], first["Location"])
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert Region.objects.count() == 1


def test_a_key_is_the_same_with_and_without_quotes(api):
    assert post(api, '"k"').content == post(api, "k").content


def test_a_refusal_is_remembered_too(api, refused):
    refused(post(api, body={**BODY, "latitude": 91}), 400)
    again = post(api, body={**BODY, "latitude": 91})
    assert again["Idempotency-Replayed"] == "true"
    refused(again, 400)


def test_a_key_for_another_request_is_refused(api, refused):
    post(api)
    refused(post(api, body={**BODY, "name": "eu"}), 422)
    refused(api.post("/api/v1/pools", {"name": "us"}, headers={"Idempotency-Key": '"k-1"'}), 422)
    assert Region.objects.count() == 1


@pytest.mark.parametrize("condition", ["If-Match", "If-None-Match"])
def test_a_key_with_another_condition_is_refused(api, refused, condition):
    assert api.put(f"{URL}/us", BODY, headers={"Idempotency-Key": "k"}).status_code == 201
    refused(api.put(f"{URL}/us", BODY, headers={"Idempotency-Key": "k", condition: "*"}), 422)


@pytest.mark.parametrize("key", ["", '""', "a b", "x" * 256, "ä"])
def test_what_can_be_no_key_is_refused(api, refused, key):
    refused(post(api, key), 400)
    assert not Region.objects.exists()


def test_a_method_that_is_not_offered_takes_no_key(api, refused):
    post(api)
    refused(api.put("/api/v1/explain", BODY, headers={"Idempotency-Key": '"k-1"'}), 405)


def test_two_callers_may_use_the_same_key(api, rival_api):
    assert post(api).status_code == 201
    assert "Idempotency-Replayed" not in post(rival_api)


def test_who_is_not_let_in_leaves_no_trace(api, refused):
    api.credentials(HTTP_AUTHORIZATION="Token nonsense")
    refused(post(api), 401)
    assert not RememberedAnswer.objects.exists()


def test_who_is_let_in_no_more_is_not_answered_again(api, refused):
    post(api)

    Membership.objects.update(role=Role.VIEWER)
    refused(post(api), 403)
    ApiToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    refused(post(api), 401)
    ApiToken.objects.all().delete()
    refused(post(api), 401)


def test_an_authorization_that_many_share_tells_nobody_apart(db):
    of_the_proxy: dict[str, Any] = {"HTTP_AUTHORIZATION": "Basic c2hhcmVk", "HTTP_IDEMPOTENCY_KEY": "k"}
    answers = []
    for name in ("ada", "bob"):
        browser = APIClient(**of_the_proxy)
        user = User.objects.create_user(name)
        Membership.objects.create(user=user, team=Team.objects.create(name=name), role=Role.ADMIN)
        browser.force_login(user)
        answers.append(browser.post(URL, BODY))

    assert [answer.status_code for answer in answers] == [201, 201]
    assert not any("Idempotency-Replayed" in answer for answer in answers)


def test_a_key_that_was_used_for_another_team_is_refused(db, refused):
    browser = APIClient(HTTP_IDEMPOTENCY_KEY="k")
    user = User.objects.create_user("ada")
    for name in ("ops", "lab"):
        team = Team.objects.create(name=name)
        Membership.objects.create(user=user, team=team, role=Role.ADMIN)
    browser.force_login(user)
    browser.post(URL, BODY)
    browser.post("/team/choose/", {"team": "lab"}, format="multipart")

    refused(browser.post(URL, BODY), 422)


def test_after_a_day_a_key_is_new(api):
    post(api)
    RememberedAnswer.objects.update(created=timezone.now() - idempotency.KEPT - timedelta(seconds=1))
    assert post(api).status_code == 400  # done again, and the name is taken now
    RememberedAnswer.objects.update(created=timezone.now() - idempotency.KEPT - timedelta(seconds=1))
    assert idempotency.forget(timezone.now()) == 1


def test_a_secret_that_is_shown_once_is_shown_again_to_who_asks_again_and_kept_from_the_database(api):
    first = api.post("/api/v1/tokens", {"name": "robot"}, headers={"Idempotency-Key": "k"})
    again = api.post("/api/v1/tokens", {"name": "robot"}, headers={"Idempotency-Key": "k"})

    assert again.json()["token"] == first.json()["token"]
    assert ApiToken.objects.filter(name="robot").count() == 1
    kept = RememberedAnswer.objects.get()
    assert first.json()["token"].encode() not in bytes(kept.answer)


@pytest.mark.django_db(transaction=True)
def test_the_same_at_the_same_time_is_done_once(api):
    answers = []

    def send():
        try:
            answers.append(post(api).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [201] * 6
    assert Region.objects.count() == 1
