"""POST /rum/v1/beacons: what is well-formed is judged and counted; what is not is named and changes nothing."""

from __future__ import annotations

import ipaddress
import json
import logging
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError

from api import rum
from api.rum import token_key
from telemetry.models import BeaconWindow
from telemetry.rum import services
from telemetry.rum.beacon import MAX_BATCH, MAX_BROWSER_BATCH, MAX_BROWSER_OCTETS
from telemetry.rum.token import Token
from tests.telemetry.rum.conftest import PREFIX, VISITOR, declare_endpoint


def own(identity="b-1", **changed):
    beacon = {"id": identity, "client": VISITOR, "endpoint": "fra", "rtt_ms": 34.5, "measured_s": time.time()}
    return beacon | changed


def signed(token, endpoint, **changed):
    return {"token": token, "endpoint": endpoint.pk, "rtt_ms": 34.5, "age_ms": 12.5} | changed


def counted():
    """By network and endpoint, over all windows: a test may see one end and the next one begin."""
    sums = Counter[tuple[str, int]]()
    for row in BeaconWindow.objects.all():
        sums[row.prefix, row.endpoint_id] += row.count
    return sums


def refused_so_far():
    now = datetime.now(UTC)
    return services.refused(now - timedelta(minutes=10), now + timedelta(minutes=1))


def test_a_browser_tells_what_its_token_asked_for(visitor, token, fra, iad):
    response = visitor(json.dumps([signed(token, fra), signed(token, iad, rtt_ms=98)]))

    assert response.json() == {"accepted": 2, "refused": {}, "errors": []}
    assert counted() == {(PREFIX, fra.pk): 1, (PREFIX, iad.pk): 1}


def test_every_origin_may_send_and_no_cookie_is_set(visitor, client, token, fra):
    response = visitor(json.dumps([signed(token, fra)]), Origin="https://shop.test")

    assert response["Access-Control-Allow-Origin"] == "*"
    assert not response.cookies
    preflight = client.options("/rum/v1/beacons", headers={"Origin": "https://shop.test"})
    assert (preflight.status_code, preflight["Access-Control-Allow-Methods"]) == (204, "POST")


def test_a_token_counts_once_for_each_endpoint(visitor, token, fra):
    visitor(json.dumps([signed(token, fra)]))
    copies = visitor(json.dumps([signed(token, fra, rtt_ms=1), signed(token, fra, age_ms=30_000)]))

    assert copies.json()["refused"] == {"duplicate": 2}
    assert counted() == {(PREFIX, fra.pk): 1}


@pytest.mark.parametrize(
    ("changed", "reason", "field"),
    [
        ({"token": "AAAA"}, "forged", "0.token"),
        ({"endpoint": 2**40}, "unknown_endpoint", "0.endpoint"),
        ({"rtt_ms": 10_001}, "outlier", "0.rtt_ms"),
        ({"age_ms": 601_000}, "late", "0.age_ms"),
    ],
)
def test_what_is_not_believed_is_counted_by_its_reason_and_told(visitor, token, fra, changed, reason, field):
    told = visitor(json.dumps([signed(token, fra) | changed])).json()

    assert (told["accepted"], told["refused"]) == (0, {reason: 1})
    assert [error["field"] for error in told["errors"]] == [field]
    assert (counted(), refused_so_far()) == ({}, {reason: 1})


def test_a_token_of_another_network_is_forged(visitor, token, fra):
    assert visitor(json.dumps([signed(token, fra)]), address="198.51.100.9").json()["refused"] == {"forged": 1}


def test_an_expired_token_says_so(visitor, fra):
    old = Token(int(time.time()) - 1, b"8 octets", (fra.pk,)).signed(token_key(), PREFIX)

    assert visitor(json.dumps([signed(old, fra)])).json()["refused"] == {"expired": 1}


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_who_asks_not_to_be_tracked_is_not(visitor, token, fra, header):
    response = visitor(json.dumps([signed(token, fra)]), **{header: "1"})

    assert (response.status_code, response.content, counted()) == (204, b"", {})


def test_an_application_sends_an_array_or_a_line_each(application, fra, iad):
    array = application(json.dumps([own("1"), own("2", endpoint="iad", client="2001:db8::7")]))
    lines = application("\n".join(json.dumps(own(name, client="203.0.113.0/24")) for name in "345") + "\n\n")

    assert (array.json()["accepted"], lines.json()["accepted"]) == (2, 3)
    assert counted() == {(PREFIX, fra.pk): 4, ("2001:db8::", iad.pk): 1}


def test_a_batch_sent_again_counts_once(application, fra):
    body = json.dumps([own("1"), own("2")])

    assert application(body).json()["accepted"] == 2
    assert application(body).json() == {"accepted": 0, "refused": {"duplicate": 2}, "errors": []}


def test_a_late_batch_counts_in_its_own_window(application, fra):
    measured_s = time.time() - 300
    application(json.dumps([own(measured_s=measured_s)]))

    start = BeaconWindow.objects.get().start.timestamp()
    assert start <= measured_s < start + 10


def test_endpoints_of_another_team_are_unknown(application, rivals):
    declare_endpoint(rivals, "fra", "192.0.2.9")

    assert application(json.dumps([own()])).json()["refused"] == {"unknown_endpoint": 1}


def test_what_is_refused_of_a_batch_leaves_the_rest(application, fra):
    told = application(json.dumps([own("1"), own("2", rtt_ms=0), own("3", measured_s=0)])).json()

    assert (told["accepted"], told["refused"]) == (1, {"late": 1, "outlier": 1})
    assert [error["field"] for error in told["errors"]] == ["1.rtt_ms", "2.measured_s"]


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"rtt_ms": "34"}, "1.rtt_ms"),
        ({"rtt_ms": True}, "1.rtt_ms"),
        ({"rtt_ms": None}, "1.rtt_ms"),
        ({"measured_s": "2026-11-21"}, "1.measured_s"),
        ({"client": "dns.test"}, "1.client"),
        ({"client": 7}, "1.client"),
        ({"id": ""}, "1.id"),
        ({"id": "x" * 65}, "1.id"),
        ({"endpoint": 7}, "1.endpoint"),
        ({"surprise": 1}, "1.surprise"),
    ],
)
def test_a_malformed_item_is_named_and_nothing_of_the_batch_counts(application, fra, refused, item, field):
    problem = refused(application(json.dumps([own("1"), own("2") | item])), 400)

    assert [error["field"] for error in problem["errors"]] == [field]
    assert counted() == {}


@pytest.mark.parametrize(
    "body",
    ["{", "[1]", "null", '"x"', "[[]]", b"\xff", '{"id": 1e999}', '[{"rtt_ms": NaN}]', "[" * 10_000, b"\x1f\x8b\x08"],
)
def test_what_is_no_batch_is_a_problem(application, visitor, fra, refused, body):
    assert refused(application(body), 400)["errors"]
    assert refused(visitor(body), 400)["errors"]


@pytest.mark.parametrize("column", ["token", "endpoint", "rtt_ms", "age_ms"])
def test_a_beacon_of_a_browser_is_whole(visitor, token, fra, refused, column):
    beacon = signed(token, fra)
    del beacon[column]

    assert refused(visitor(json.dumps([beacon])), 400)["errors"] == [
        {"field": f"0.{column}", "message": "Field required"}
    ]


def test_a_batch_has_bounds(application, visitor, token, fra, refused):
    refused(application(json.dumps([own(str(number)) for number in range(MAX_BATCH + 1)])), 400)
    refused(application(" " * 2**20 + "[]"), 413)
    refused(visitor(json.dumps([signed(token, fra)] * (MAX_BROWSER_BATCH + 1))), 400)
    refused(visitor(" " * MAX_BROWSER_OCTETS + "[]"), 413)
    assert counted() == {}


@pytest.mark.parametrize("authorization", ["Token wrong", "Bearer {secret}", "Token", "wrong"])
def test_a_stranger_is_no_application(client, secret, refused, authorization):
    headers = {"Authorization": authorization.format(secret=secret)}
    response = client.post("/rum/v1/beacons", "[]", content_type="application/json", headers=headers)

    assert "Token SECRET" in refused(response, 401)["detail"]
    assert response["WWW-Authenticate"].startswith("Token")


def test_a_wrong_method_names_the_right_one(client, db, refused):
    response = client.get("/rum/v1/beacons")

    refused(response, 405)
    assert response["Allow"] == "POST"


def test_a_database_that_is_gone_is_a_problem_and_nothing_is_acknowledged(application, fra, refused, monkeypatch):
    def lost(*_):
        raise OperationalError("gone")

    monkeypatch.setattr(rum, "take_in", lost)
    refused(application(json.dumps([own()])), 503)


def test_a_client_is_who_a_trusted_proxy_says_it_is(visitor, token, fra, refused, settings):
    body = json.dumps([signed(token, fra)])
    forwarded = {"X-Forwarded-For": VISITOR}
    assert visitor(body, address="10.0.0.1", **forwarded).json()["refused"] == {"forged": 1}

    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8")]
    assert visitor(body, address="10.0.0.1", **forwarded).json()["accepted"] == 1
    assert (
        "X-Forwarded-For" in refused(visitor(body, address="10.0.0.1", **{"X-Forwarded-For": "unknown"}), 400)["detail"]
    )


def test_no_address_is_stored_or_logged(application, visitor, token, fra, caplog):
    caplog.set_level(logging.DEBUG)
    visitor(json.dumps([signed(token, fra), signed("AAAA", fra), {}]))
    visitor(json.dumps([signed(token, fra), signed("AAAA", fra)]))
    application(json.dumps([own(), own("2", client="203.0.113.999"), {}]))

    assert counted() == {(PREFIX, fra.pk): 1}
    assert VISITOR not in caplog.text
