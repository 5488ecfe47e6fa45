"""Tokens that do not work are tried so often and no oftener, and nobody else is shut out."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone
from rest_framework.exceptions import Throttled
from rest_framework.test import APIClient

from accounts.models import ApiToken
from accounts.services import create_token
from api import strangers
from api.strangers import Strangers, network_of
from tests.api.conftest import client_with

URL = "/api/v1/regions"
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.1"


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(autouse=True)
def two_at_once(monkeypatch, clock):
    monkeypatch.setattr("api.authentication.strangers", Strangers(clock, per_s=0.5, burst=2))


def fail_until_refused(refused):
    """Three wrong tokens from one network: the last is told to wait."""
    answers = [client_with(f"wrong {place}").get(URL) for place in range(3)]
    refused(answers[0], 401)
    refused(answers[1], 401)
    return answers[2]


def test_who_tries_too_many_is_told_to_wait_and_the_database_is_not_asked(
    db, clock, refused, django_assert_num_queries
):
    last = fail_until_refused(refused)

    assert "Check the token" in refused(last, 429)["detail"]
    assert last["Retry-After"] == "2"
    with django_assert_num_queries(0):
        refused(client_with("wrong again").get(URL), 429)

    clock.now_s = 2
    refused(client_with("wrong again").get(URL), 401)


def test_a_token_that_worked_is_let_in_from_the_same_network(api, refused):
    assert api.get(URL).status_code == 200
    refused(fail_until_refused(refused), 429)

    assert api.get(URL).status_code == 200


def test_a_token_that_is_new_waits_no_longer_than_the_others(api, clock, refused):
    refused(fail_until_refused(refused), 429)

    refused(api.get(URL), 429)
    clock.now_s = 2
    assert api.get(URL).status_code == 200


def test_a_token_that_worked_and_is_gone_counts_like_any_other(api, refused):
    assert api.get(URL).status_code == 200
    ApiToken.objects.all().delete()

    answers = [api.get(URL) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]


def test_an_expired_token_and_one_from_elsewhere_count_too(api, ada, ops, refused):
    _token, bound = create_token(ada, ops, "bound", networks=["203.0.113.0/24"])
    refused(client_with(bound).get(URL), 403)
    ApiToken.objects.update(expires=timezone.now() - timedelta(seconds=1))
    refused(api.get(URL), 401)

    refused(api.get(URL), 429)


def test_an_outage_of_the_database_counts_against_nobody(api, refused, monkeypatch):
    def away(*_: object) -> None:
        raise OperationalError("the server closed the connection")

    with monkeypatch.context() as outage:
        outage.setattr("api.authentication.find_token", away)
        for _ in range(5):
            with contextlib.suppress(OperationalError):
                client_with("right").get(URL)

    refused(client_with("wrong").get(URL), 401)


def test_measurements_of_an_application_are_refused_alike(db, refused):
    refused(fail_until_refused(refused), 429)
    answer = APIClient().post("/rum/v1/beacons", [], HTTP_AUTHORIZATION="Token wrong")

    refused(answer, 429)


def test_networks_do_not_wait_for_each_other(clock):
    seen = Strangers(clock, per_s=1, burst=1)
    seen.note("wrong", HERE, works=False)

    with pytest.raises(Throttled):
        seen.require_room("other", HERE)
    seen.require_room("other", ELSEWHERE)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1/32"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:5::6", "2001:db8:1:2::/64"),
        ("", ""),
        ("/run/web.sock", "/run/web.sock"),
    ],
)
def test_a_client_is_the_network_that_it_has(address, network):
    assert network_of(address) == network


def test_of_too_many_tokens_that_worked_the_oldest_is_forgotten(monkeypatch, clock):
    monkeypatch.setattr(strangers, "MOST_KNOWN", 2)
    seen = Strangers(clock, per_s=1, burst=1)
    for secret in ("first", "second", "third"):
        seen.note(secret, HERE, works=True)
    seen.note("wrong", HERE, works=False)

    seen.require_room("second", HERE)
    with pytest.raises(Throttled):
        seen.require_room("first", HERE)
