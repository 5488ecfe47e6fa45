"""GET /rum/v1/candidates and beacon.js: what a visitor is asked to measure."""

from __future__ import annotations

import json
import time

import pytest
from django.utils import timezone

from accounts.models import Team
from api.rum import token_key
from regions.models import AdminState, Endpoint
from snapshots.services import publish
from steering.models import Policy, Pool
from steering.services import Member, bind, save_policy, set_pool_members
from telemetry.rum.token import read_token
from tests.telemetry.rum.conftest import PREFIX, VISITOR, declare_endpoint
from zones.services import create_zone


@pytest.fixture
def ops(transactional_db):
    return Team.objects.create(name="ops")


@pytest.fixture
def www(ops, fra, iad):
    """www.demo.test. is answered with fra, then iad, then dark, which has no URL to measure."""
    pool = Pool.objects.create(team=ops, name="web")
    dark = declare_endpoint(ops, "dark", "192.0.2.3")
    set_pool_members(pool, [Member(fra, priority=0), Member(iad, priority=1), Member(dark, priority=2)])
    policy = save_policy(Policy(team=ops, name="www"), pools=[pool], steps=[{"kind": "priority"}])
    bind(policy, create_zone(ops, "demo.test."), "www", types=("A",))
    publish(timezone.now())


@pytest.fixture
def asked(client):
    def ask(name="www.demo.test", address=VISITOR, endpoint=None, **headers):
        query = {"name": name} | ({"endpoint": endpoint} if endpoint else {})
        return client.get("/rum/v1/candidates", query, REMOTE_ADDR=address, headers=headers)

    return ask


def test_a_visitor_measures_what_it_would_be_sent_to_and_one_more(asked, www, fra, iad):
    response = asked()

    told = response.json()
    assert told["candidates"] == [
        {"endpoint": fra.pk, "url": "https://fra.test/probe"},
        {"endpoint": iad.pk, "url": "https://iad.test/probe"},
    ]
    assert (response["Cache-Control"], response["Access-Control-Allow-Origin"]) == ("no-store", "*")
    assert not response.cookies


def test_the_token_is_about_the_candidates_and_for_the_visitors_network(asked, www, fra, iad):
    told = asked().json()

    token = read_token(told["token"], token_key(), PREFIX, time.time())
    assert (token.endpoint_ids, token.expires_s) == ((fra.pk, iad.pk), told["expires_s"])
    assert asked().json()["token"] != told["token"], "each view of a page has a token of its own"


def test_a_page_that_says_who_served_it_may_tell_of_its_own_connection(asked, www, fra, iad, visitor):
    told = asked(endpoint="fra").json()

    assert told["served"] == fra.pk
    assert [candidate["endpoint"] for candidate in told["candidates"]] == [iad.pk]
    beacons = [{"token": told["token"], "endpoint": pk, "rtt_ms": 20.0, "age_ms": 0} for pk in (fra.pk, iad.pk)]
    assert visitor(json.dumps(beacons)).json()["accepted"] == 2


def test_a_page_served_by_what_has_no_url_tells_of_its_own_connection_all_the_same(asked, www, fra, iad):
    dark = Endpoint.objects.get(name="dark")
    assert asked(endpoint="dark").json()["served"] == dark.pk
    Endpoint.objects.update(labels={})
    assert asked(endpoint="dark").json()["candidates"] == []


def test_an_endpoint_that_the_name_is_not_answered_with_served_nobody(asked, www, rivals):
    declare_endpoint(rivals, "theirs", "192.0.2.8")

    told = asked(endpoint="theirs").json()
    assert (told["served"], len(told["candidates"])) == (None, 2)


def test_a_visitor_over_ipv6_measures_a_name_that_has_ipv4_only(asked, www):
    assert len(asked(address="2001:db8::7").json()["candidates"]) == 2


def test_an_endpoint_that_serves_nobody_is_not_measured(asked, www, fra, iad):
    Endpoint.objects.filter(pk=fra.pk).update(admin_state=AdminState.DRAINING)

    assert [candidate["endpoint"] for candidate in asked().json()["candidates"]] == [iad.pk]


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_who_asks_not_to_be_tracked_is_asked_for_nothing(asked, www, header):
    assert asked(**{header: "1"}).status_code == 204


def test_a_name_that_no_policy_answers_is_not_found(asked, www, refused):
    assert "steered" in refused(asked("mail.demo.test"), 404)["detail"]


@pytest.mark.parametrize("name", ["", "a..b", "x" * 300, "ü.test"])
def test_what_is_no_name_is_a_problem(asked, www, refused, name):
    assert refused(asked(name), 400)["errors"][0]["field"] == "qname"


def test_a_name_without_anything_to_measure_says_what_to_do(asked, www, refused):
    Endpoint.objects.update(labels={})

    assert "rum-url" in refused(asked(), 404)["detail"]


def test_before_the_first_publication_there_is_nothing_to_measure(asked, ops, refused):
    refused(asked(), 503)


def test_the_script_is_small_and_made_for_the_configured_share(client, db, settings):
    settings.RUM_SHARE = 0.25
    response = client.get("/rum/v1/beacon.js")

    assert (response.status_code, response["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert len(response.content) <= 3_000
    assert b"|| 0.25)" in response.content
    assert b"/*" not in response.content
    assert not response.cookies
    assert b"cookie" not in response.content


def test_the_script_is_not_sent_again_to_who_has_it(client, db):
    etag = client.get("/rum/v1/beacon.js")["ETag"]

    assert client.get("/rum/v1/beacon.js", headers={"If-None-Match": etag}).status_code == 304
