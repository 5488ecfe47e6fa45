"""Bad input to what learns, plans, tries and takes measurements is one clear problem that names the field."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.services import create_token
from healthchecks.models import EndpointLoad, LoadSource
from latency.models import LatencyDecision, LatencyModel, LatencyPromotion
from latency.versions import in_service
from steering.models import Policy, Pool, Shadow
from telemetry.models import BeaconWindow
from tests.api.conftest import client_with

TABLES = [BeaconWindow, EndpointLoad, LatencyDecision, LatencyModel, LatencyPromotion, LoadSource, Shadow]
MODELS, SHADOW = "latency/models", "policies/www/shadow"
LOAD, SOURCE, MEASUREMENTS = "endpoints/fra-1/load", "endpoints/fra-1/load/source", "measurements"

MODEL = {"name": "wary", "parameters": {}}
READ = {"url": "http://192.0.2.1:9100/metrics", "format": "prometheus", "current": "busy"}
MEASURED = {"client": "203.0.113.7", "target": "fra-1", "rtt_ms": 20.0, "measured_s": 0}
HUGE = 10**400


def parameters(said: object) -> dict[str, object]:
    return MODEL | {"parameters": said}


def one(**said: object) -> dict[str, object]:
    return {"measurements": [MEASURED | said]}


REFUSED = [
    ("post", MODELS, [], ""),
    ("post", MODELS, {"parameters": {}}, "name"),
    ("post", MODELS, {"name": "wary"}, "parameters"),
    ("post", MODELS, MODEL | {"name": 7}, "name"),
    ("post", MODELS, MODEL | {"note": 7}, "note"),
    ("post", MODELS, MODEL | {"note": None}, "note"),
    ("post", MODELS, MODEL | {"note": "x" * 201}, "note"),
    ("post", MODELS, parameters(None), "parameters"),
    ("post", MODELS, parameters("model"), "parameters"),
    ("post", MODELS, parameters({"models": {}}), "parameters.models"),
    ("post", MODELS, parameters({"model": 7}), "parameters.model"),
    ("post", MODELS, parameters({"model": None}), "parameters.model"),
    ("post", MODELS, parameters({"caution": "1"}), "parameters.caution"),
    ("post", MODELS, parameters({"caution": True}), "parameters.caution"),
    ("post", MODELS, parameters({"caution": HUGE}), "parameters.caution"),
    ("post", MODELS, parameters({"caution": -1}), "parameters.caution"),
    ("post", MODELS, parameters({"model": {"strikes": 1.5}}), "parameters.model.strikes"),
    ("post", MODELS, parameters({"model": {"strikes": HUGE}}), "parameters.model.strikes"),
    ("post", MODELS, parameters({"model": {"half_life_s": 0}}), "parameters.model.half_life_s"),
    ("post", MODELS, parameters({"model": {"network": {"spread_ms": []}}}), "parameters.model.network.spread_ms"),
    ("post", MODELS, parameters({"model": {"least_noise_ms": 0.001}}), "parameters.model.least_noise_ms"),
    ("post", MODELS, parameters({"model": {"last_mile_spread_ms": 1e9}}), "parameters.model.last_mile_spread_ms"),
    ("post", MODELS, parameters({"switching": {"switch_after_s": 1}}), "parameters.switching.switch_after_s"),
    ("put", LOAD, [], ""),
    ("put", LOAD, {"current": HUGE}, "current"),
    ("put", LOAD, {"current": 1, "capacity": 1e300}, "capacity"),
    ("put", LOAD, {"current": 1, "capacity": 1e-300}, "capacity"),
    ("put", LOAD, {"current": 1, "capacity": 5, "target": [1]}, "target"),
    ("put", LOAD, {"current": 1, "capacity": 5, "max_age": None}, "max_age"),
    ("put", SOURCE, "http://192.0.2.1", ""),
    ("put", SOURCE, READ | {"url": 7}, "url"),
    ("put", SOURCE, READ | {"url": ""}, "url"),
    ("put", SOURCE, READ | {"url": "http://[::1"}, "url"),
    ("put", SOURCE, READ | {"url": "http://192.0.2.1:99999/"}, "url"),
    ("put", SOURCE, READ | {"url": "http://192.0.2.1:x/"}, "url"),
    ("put", SOURCE, READ | {"url": "file:///etc/passwd"}, "url"),
    ("put", SOURCE, READ | {"url": "http://ada:secret@192.0.2.1/"}, "url"),
    ("put", SOURCE, READ | {"url": "http://a..b/"}, "url"),
    ("put", SOURCE, READ | {"url": "http://" + "x" * 64 + ".test/"}, "url"),
    ("put", SOURCE, READ | {"url": "http://192.0.2.1/" + "x" * 2048}, "url"),
    ("put", SOURCE, READ | {"format": "xml"}, "format"),
    ("put", SOURCE, READ | {"format": ["json"]}, "format"),
    ("put", SOURCE, READ | {"format": {"a": 1}}, "format"),
    ("put", SOURCE, READ | {"current": ""}, "current"),
    ("put", SOURCE, READ | {"current": 'busy{pool="web"'}, "current"),
    ("put", SOURCE, READ | {"current": "busy", "target": "{"}, "target"),
    ("put", SOURCE, READ | {"capacity": None}, "capacity"),
    ("put", SOURCE, READ | {"format": "json", "current": "pools"}, "current"),
    ("put", SOURCE, READ | {"format": "json", "current": "/~2"}, "current"),
    ("put", SOURCE, READ | {"interval": 4}, "interval"),
    ("put", SOURCE, READ | {"interval": 120}, "interval"),
    ("put", SOURCE, READ | {"max_age": HUGE}, "max_age"),
    ("put", SOURCE, READ | {"samples": 1}, "samples"),
    ("put", SHADOW, [], ""),
    ("put", SHADOW, {"pools": []}, "pools"),
    ("put", SHADOW, {"pools": "web"}, "pools"),
    ("put", SHADOW, {"pools": ["web", "web"]}, "pools.1"),
    ("put", SHADOW, {"steps": {}}, "steps"),
    ("put", SHADOW, {"steps": [7]}, "steps.0"),
    ("put", SHADOW, {"percent": HUGE}, "percent"),
    ("put", SHADOW, {"percent": "5"}, "percent"),
    ("put", SHADOW, {"lifetime": 1.5}, "lifetime"),
    ("put", SHADOW, {"lifetime": HUGE}, "lifetime"),
    ("post", MEASUREMENTS, [], ""),
    ("post", MEASUREMENTS, {}, "measurements"),
    ("post", MEASUREMENTS, {"measurements": {}}, "measurements"),
    ("post", MEASUREMENTS, {"measurements": [], "more": 1}, "more"),
    ("post", MEASUREMENTS, {"measurements": [7]}, "0"),
    ("post", MEASUREMENTS, one(client="nobody"), "0.client"),
    ("post", MEASUREMENTS, one(client="203.0.113.0/16"), "0.client"),
    ("post", MEASUREMENTS, one(target=7), "0.target"),
    ("post", MEASUREMENTS, one(target="x" * 255), "0.target"),
    ("post", MEASUREMENTS, one(rtt_ms="20"), "0.rtt_ms"),
    ("post", MEASUREMENTS, one(rtt_ms=HUGE), "0.rtt_ms"),
    ("post", MEASUREMENTS, one(measured_s=HUGE), "0.measured_s"),
    ("post", MEASUREMENTS, one(measured_s=None), "0.measured_s"),
    ("post", MEASUREMENTS, one(more=1), "0.more"),
    ("post", "measurements?dry_run=1", one(rtt_ms=None), "0.rtt_ms"),
]


@pytest.fixture
def www(ops, fra_1):
    pool = Pool.objects.create(team=ops, name="web")
    pool.members.create(endpoint=fra_1, position=0)
    policy = Policy.objects.create(team=ops, name="www")
    policy.policy_pools.create(pool=pool, position=0)
    return policy


@pytest.fixture
def root_api(ada, ops):
    """The API as an administrator's token sees it."""
    ada.is_superuser = True
    ada.save()
    return client_with(create_token(ada, ops, "desk")[1])


@pytest.mark.parametrize(("method", "path", "body", "field"), REFUSED)
def test_a_body_is_refused_at_the_field_that_is_wrong(root_api, www, refused, method, path, body, field):
    in_service(timezone.now())
    before = [table._default_manager.count() for table in TABLES]
    problem = refused(getattr(root_api, method)(f"/api/v1/{path}", body), 400)

    assert [error["field"] for error in problem["errors"]] == [field], problem
    assert all(error["message"] for error in problem["errors"])
    assert [table._default_manager.count() for table in TABLES] == before


@pytest.mark.parametrize("path", [MODELS, LOAD, SOURCE, SHADOW, MEASUREMENTS])
@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"name": "\\u0000"}', b'{"percent": NaN}'])
def test_a_body_that_is_no_sound_json_is_refused(root_api, www, refused, path, body):
    method = root_api.post if path in {MODELS, MEASUREMENTS} else root_api.put
    refused(method(f"/api/v1/{path}", body, content_type="application/json"), 400)


@pytest.mark.parametrize(
    "path",
    [
        "latency/models/nobody",
        "latency/models/Nobody!",
        "latency/decisions/9",
        "latency/decisions/999999999999999999",
        "latency/decisions/99999999999999999999",
        "latency/decisions/one",
        "capacity",
        "fairness",
        "endpoints/gone/load",
        "endpoints/gone/load/source",
        "policies/gone/shadow",
        SHADOW,
    ],
)
def test_what_is_not_there_is_said_to_be(root_api, www, refused, path):
    refused(root_api.get(f"/api/v1/{path}"), 404)


@pytest.mark.parametrize("action", ["promote", "return", "ask"])
def test_nothing_is_done_with_a_version_that_is_not_there(root_api, refused, action):
    refused(root_api.post(f"/api/v1/latency/models/nobody/{action}"), 404)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("put", LOAD, {"current": 1, "capacity": 5}),
        ("put", SOURCE, READ),
        ("put", SHADOW, {}),
        ("get", LOAD, None),
        ("get", SOURCE, None),
        ("get", SHADOW, None),
        ("delete", LOAD, None),
        ("delete", SOURCE, None),
        ("delete", SHADOW, None),
    ],
)
def test_to_another_team_what_is_ours_is_not_there(rival_api, www, refused, method, path, body):
    refused(getattr(rival_api, method)(f"/api/v1/{path}", body), 404)


def test_another_team_can_import_nothing_about_our_endpoints(rival_api, fra_1):
    measured = one(measured_s=timezone.now().timestamp())

    assert rival_api.post(f"/api/v1/{MEASUREMENTS}", measured).json()["refused"] == {"unknown_endpoint": 1}
    assert not BeaconWindow.objects.exists()
    assert rival_api.get(f"/api/v1/{MEASUREMENTS}").json()["endpoints"] == []
