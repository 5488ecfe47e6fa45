"""The push door: what a stranger can and cannot do with it, and how heartbeats arrive."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client

from api import push
from common.rate_limit import RateLimit
from healthchecks.derived_models import Lease, LeaseClock
from healthchecks.models import Check, Transition
from healthchecks.services import assign


@pytest.fixture(autouse=True)
def unlimited(monkeypatch):
    """Each test begins with nobody having called."""
    monkeypatch.setattr(push, "heartbeats", RateLimit[str](push.HEARTBEATS_PER_S, push.HEARTBEATS_AT_ONCE))
    monkeypatch.setattr(push, "pulses", RateLimit[str](push.PULSES_PER_S, 2))


@pytest.fixture
def url(ops, fra_1):
    check = Check.objects.create(team=ops, name="job", kind="push", options={})
    assign(check, [fra_1])
    return push.push_url("/", str(Lease.objects.get().token))


@pytest.fixture
def anyone():
    return Client(enforce_csrf_checks=True)


def history() -> list[tuple[str, str]]:
    return [(row.to_state, row.cause) for row in Transition.objects.order_by("sequence")]


@pytest.mark.parametrize("method", ["get", "head", "post"])
def test_a_heartbeat_is_any_request(anyone, url, method):
    response = getattr(anyone, method)(url)

    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert history() == [("up", "heartbeat")]


@pytest.mark.parametrize(
    ("event", "body", "transition"),
    [
        ("/", "", ("up", "heartbeat")),
        ("/0", "", ("up", "heartbeat")),
        ("/fail", "", ("down", "reported a failure")),
        ("/fail", "disk full\nof logs\x00", ("down", "reported a failure: disk full of logs ")),
        ("/fail", "ä" * 5000, ("down", "reported a failure: " + "ä" * 159 + "…")),
        ("/137", "killed", ("down", "exit status 137: killed")),
    ],
)
def test_what_happened_is_said_by_the_url_and_the_body(anyone, url, event, body, transition):
    assert anyone.post(url + event, body, content_type="text/plain").status_code == 200
    assert history() == [transition]


def test_a_job_says_that_it_has_begun(anyone, url):
    anyone.get(url)
    assert anyone.get(url + "/start").status_code == 200

    [(started, expires)] = Lease.objects.values_list("started", "expires")
    assert started
    assert expires
    assert round((expires - started).total_seconds()) == 30


def test_all_that_is_unknown_is_answered_alike(anyone, url, refused):
    unknown = [push.PATH, push.PATH + "x" * 32, push.PATH + "x" * 32 + "/fail", url + "/stop", url + "/1000",
               url[:-1], url + "x", push.PATH + "%00" * 32, push.PATH + "pulse/fail"]  # fmt: skip
    answers = {refused(anyone.post(path), 404)["detail"] for path in unknown}

    assert answers == {"There is no such push URL: copy it from the page of its check."}
    assert history() == []


def test_another_method_is_none_of_the_door(anyone, url, refused):
    response = anyone.put(url)

    refused(response, 405)
    assert response["Allow"] == "GET, HEAD, POST"


def test_too_many_are_told_to_wait_and_others_are_not(anyone, url, refused):
    answers = [anyone.get(url) for _ in range(push.HEARTBEATS_AT_ONCE + 1)]

    refused(answers[-1], 429)
    assert answers[-1]["Retry-After"] == "1"
    assert {answer.status_code for answer in answers[:-1]} == {200}
    assert anyone.get(push.PATH + "x" * 32).status_code == 404


def test_a_pulse_sets_the_clock_of_leases(anyone, db):
    assert anyone.post(push.PATH + "pulse").status_code == 204
    assert LeaseClock.objects.exists()


def test_while_the_database_is_away_whoever_calls_is_told_to_come_again(anyone, url, refused, monkeypatch):
    def away():
        raise OperationalError("the database is starting up")

    monkeypatch.setattr(push, "database_time", away)
    refused(anyone.get(url), 503)
    refused(anyone.post(push.PATH + "pulse"), 503)
