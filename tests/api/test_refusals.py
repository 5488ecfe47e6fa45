"""Bad input anywhere is one clear problem that names the field, and nothing has changed."""

from __future__ import annotations

import pytest

from healthchecks.models import Check
from regions.models import EdgeNode, Endpoint, Region, Site
from steering.models import Policy, Pool
from zones.models import RecordSet, Zone

TABLES = [Region, Site, EdgeNode, Endpoint, Pool, Policy, Check, Zone, RecordSet]

REGION = {"name": "us", "latitude": 39, "longitude": -77}
ENDPOINT = {"name": "iad-1", "region": "eu", "ipv4": "192.0.2.9"}
CHECK = {"name": "web", "kind": "http"}
POOL = {"name": "web", "members": [{"endpoint": "fra-1"}]}
LONG = "x" * 64

REFUSED = [
    # missing
    ("regions", {"name": "us", "longitude": 1}, "latitude"),
    ("sites", {"latitude": 1, "longitude": 1}, "name"),
    ("nodes", {"name": "n"}, "site"),
    ("endpoints", {"name": "e", "ipv4": "192.0.2.1"}, "region"),
    ("checks", {"name": "c"}, "kind"),
    ("pools", {}, "name"),
    ("zones", {}, "origin"),
    ("tokens", {}, "name"),
    ("explain", {"qname": "www.demo.test.", "qtype": "A"}, "client"),
    ("simulate", {"steps": []}, "policy"),
    # no object at all
    ("regions", [], ""),
    ("regions", "eu", ""),
    # unknown
    ("regions", REGION | {"latitud": 1}, "latitud"),
    ("endpoints", ENDPOINT | {"address": "192.0.2.1"}, "address"),
    ("pools", {"name": "p", "members": [{"endpoint": "fra-1", "wait": 1}]}, "members.0.wait"),
    ("checks", CHECK | {"options": {"pathh": "/"}}, "options"),
    ("zones", {"origin": "demo.test.", "serial_number": 1}, "serial_number"),
    ("explain", {"qname": "a.", "qtype": "A", "client": "192.0.2.1", "subnet": "x"}, "subnet"),
    # wrong type
    ("regions", REGION | {"latitude": "39"}, "latitude"),
    ("regions", REGION | {"latitude": True}, "latitude"),
    ("regions", REGION | {"latitude": None}, "latitude"),
    ("regions", REGION | {"name": 7}, "name"),
    ("regions", REGION | {"is_vantage": "yes"}, "is_vantage"),
    ("regions", REGION | {"is_vantage": 1}, "is_vantage"),
    ("endpoints", ENDPOINT | {"region": 1}, "region"),
    ("endpoints", ENDPOINT | {"region": {"name": "eu"}}, "region"),
    ("endpoints", ENDPOINT | {"ipv4": 3221225985}, "ipv4"),
    ("endpoints", ENDPOINT | {"port": "443"}, "port"),
    ("endpoints", ENDPOINT | {"port": 1.5}, "port"),
    ("endpoints", ENDPOINT | {"labels": ["gpu"]}, "labels"),
    ("endpoints", ENDPOINT | {"labels": {"tier": 1}}, "labels.tier"),
    ("endpoints", ENDPOINT | {"admin_state": 0}, "admin_state"),
    ("checks", CHECK | {"options": "path"}, "options"),
    ("checks", CHECK | {"endpoints": "fra-1"}, "endpoints"),
    ("checks", CHECK | {"endpoints": {"fra-1": 1}}, "endpoints"),
    ("checks", CHECK | {"vantages": [1]}, "vantages.0"),
    ("pools", {"name": "p", "members": {"endpoint": "fra-1"}}, "members"),
    ("pools", {"name": "p", "members": ["fra-1"]}, "members.0"),
    ("zones", {"origin": 7}, "origin"),
    ("zones", {"origin": "demo.test.", "nameservers": "ns1"}, "nameservers"),
    ("explain", {"qname": "a.", "qtype": 1, "client": "192.0.2.1"}, "qtype"),
    ("explain", {"qname": "a.", "qtype": "A", "client": "192.0.2.1", "at": "now"}, "at"),
    # out of range
    ("regions", REGION | {"latitude": 90.5}, "latitude"),
    ("regions", REGION | {"longitude": -181}, "longitude"),
    ("regions", REGION | {"longitude": 1e300}, "longitude"),
    ("regions", REGION | {"longitude": 10**400}, "longitude"),
    ("endpoints", ENDPOINT | {"port": 0}, "port"),
    ("endpoints", ENDPOINT | {"port": 65536}, "port"),
    ("endpoints", ENDPOINT | {"weight": -1}, "weight"),
    ("endpoints", ENDPOINT | {"weight": 2**31}, "weight"),
    ("endpoints", ENDPOINT | {"weight": 10**100}, "weight"),
    ("endpoints", ENDPOINT | {"bias": 100}, "bias"),
    ("endpoints", ENDPOINT | {"cost": -1}, "cost"),
    ("endpoints", ENDPOINT | {"admin_state": "asleep"}, "admin_state"),
    ("pools", {"name": "p", "members": [{"endpoint": "fra-1", "bias": -100}]}, "members.0.bias"),
    ("checks", CHECK | {"interval_ms": 100}, "interval_ms"),
    ("checks", CHECK | {"interval_ms": 1000, "timeout_ms": 2000}, "timeout_ms"),
    ("checks", CHECK | {"rise": 0}, "rise"),
    ("checks", CHECK | {"fall": 101}, "fall"),
    ("checks", CHECK | {"quorum": 0}, "quorum"),
    ("checks", CHECK | {"kind": "telepathy"}, "kind"),
    ("explain", {"qname": "a.", "qtype": "A", "client": "192.0.2.1", "at": -1}, "at"),
    # malformed
    ("regions", REGION | {"name": "Not A Name"}, "name"),
    ("regions", REGION | {"name": " us"}, "name"),
    ("regions", REGION | {"name": "us\n"}, "name"),
    ("regions", REGION | {"name": "-"}, "name"),
    ("regions", REGION | {"name": ""}, "name"),
    ("regions", REGION | {"name": LONG}, "name"),
    ("tokens", {"name": "Not A Name"}, "name"),
    ("endpoints", ENDPOINT | {"ipv4": "192.0.2.256"}, "ipv4"),
    ("endpoints", ENDPOINT | {"ipv4": "2001:db8::1"}, "ipv4"),
    ("endpoints", ENDPOINT | {"ipv4": ""}, "ipv4"),
    ("endpoints", ENDPOINT | {"ipv6": "192.0.2.1"}, "ipv6"),
    ("endpoints", ENDPOINT | {"ipv4": None, "hostname": "no-final-dot.test"}, "hostname"),
    ("endpoints", ENDPOINT | {"ipv4": None}, "hostname"),
    ("endpoints", ENDPOINT | {"hostname": "both.test."}, "hostname"),
    ("endpoints", ENDPOINT | {"labels": {"": "x"}}, "labels"),
    ("endpoints", ENDPOINT | {"labels": {"a=b": "x"}}, "labels"),
    ("zones", {"origin": "..test."}, "origin"),
    ("zones", {"origin": "demo.test.", "nameservers": []}, "nameservers"),
    ("zones", {"origin": "demo.test.", "nameservers": ["a..b"]}, "nameservers"),
    ("explain", {"qname": "a..b", "qtype": "A", "client": "192.0.2.1"}, "qname"),
    ("explain", {"qname": "a.", "qtype": "AAAAA", "client": "192.0.2.1"}, "qtype"),
    ("explain", {"qname": "a.", "qtype": "A", "client": "not an address"}, "client"),
    ("explain", {"qname": "a.", "qtype": "A", "client": "192.0.2.1", "ecs": "192.0.2.1/24"}, "ecs"),
    # taken
    ("regions", {"name": "eu", "latitude": 1, "longitude": 1}, "name"),
    ("endpoints", ENDPOINT | {"name": "fra-1"}, "name"),
    ("tokens", {"name": "laptop"}, "name"),
    ("checks", CHECK | {"endpoints": ["fra-1", "fra-1"]}, "endpoints.1"),
    ("pools", {"name": "p", "members": [{"endpoint": "fra-1"}, {"endpoint": "fra-1"}]}, "members.1.endpoint"),
    # dangling
    ("nodes", {"name": "n", "site": "nowhere"}, "site"),
    ("endpoints", ENDPOINT | {"region": "mars"}, "region"),
    ("sites", {"name": "s", "latitude": 1, "longitude": 1, "region": "mars"}, "region"),
    ("checks", CHECK | {"endpoints": ["fra-1", "gone"]}, "endpoints.1"),
    ("checks", CHECK | {"vantages": ["mars"]}, "vantages.0"),
    ("pools", {"name": "p", "members": [{"endpoint": "gone"}]}, "members.0.endpoint"),
    ("simulate", {"policy": "gone"}, "policy"),
]


@pytest.mark.parametrize(("collection", "body", "field"), REFUSED)
def test_a_body_is_refused_at_the_field_that_is_wrong(api, fra_1, refused, collection, body, field):
    before = [table._default_manager.count() for table in TABLES]
    problem = refused(api.post(f"/api/v1/{collection}", body), 400)

    assert [error["field"] for error in problem["errors"]] == [field], problem
    assert all(error["message"] for error in problem["errors"])
    assert [table._default_manager.count() for table in TABLES] == before


def test_every_field_that_is_wrong_is_named_at_once(api, refused):
    problem = refused(api.post("/api/v1/regions", {"name": 1, "latitude": "x", "longitude": 200}), 400)

    assert {error["field"] for error in problem["errors"]} == {"name", "latitude", "longitude"}


@pytest.mark.parametrize("change", [{"region": "mars"}, {"port": 0}, {"ipv4": None}, {"nonsense": 1}])
def test_a_change_that_is_wrong_leaves_the_object_as_it_is(api, fra_1, refused, change):
    before = api.get("/api/v1/endpoints/fra-1").json()
    refused(api.patch("/api/v1/endpoints/fra-1", change), 400)

    assert api.get("/api/v1/endpoints/fra-1").json() == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"name": "\\u0000"}',
        b'{"name": "\\ud800"}',
        b'{"latitude": NaN}',
        b'{"latitude": Infinity}',
        b"[" * 100_000,
        b'{"weight": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_body_that_is_no_sound_json_is_refused(api, eu, refused, body):
    refused(api.post("/api/v1/regions", body, content_type="application/json"), 400)


def test_a_body_of_another_media_type_is_refused(api, refused):
    refused(api.post("/api/v1/regions", "name=eu", content_type="application/x-www-form-urlencoded"), 415)


def test_a_body_that_is_too_large_is_refused(api, refused):
    body = b'{"name": "' + b"x" * (8 * 2**20) + b'"}'
    refused(api.post("/api/v1/regions", body, content_type="application/json"), 413)


def test_a_plan_is_refused_rather_than_ignored(api, refused):
    problem = refused(api.post("/api/v1/tokens?dry_run=1", {"name": "new"}), 400)

    assert problem["errors"][0]["field"] == "dry_run"
    assert not Region.objects.exists()
