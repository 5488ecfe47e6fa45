"""Every error is a problem, whichever part of the server it comes from."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, OperationalError
from django.test import Client

from api.problems import field_errors
from regions.models import Region


@pytest.mark.parametrize("path", ["nonsense", "regions/Mars", "regions/eu/moons", "zones2", "regions/%00", ""])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_url_that_is_none_is_not_found(api, refused, method, path):
    assert f"/api/v1/{path.split('%')[0]}" in refused(getattr(api, method)(f"/api/v1/{path}"), 404)["detail"]


def test_a_url_that_is_none_is_not_found_without_a_token_and_csrf_too(db, refused):
    refused(Client(enforce_csrf_checks=True).post("/api/v1/nonsense"), 404)


NAMED = ["regions", "sites", "nodes", "endpoints", "pools", "policies", "checks", "tokens"]
ZONED = ["mars.test", "a..b", "mars.test/zonefile", "mars.test/rrsets", "mars.test/rrsets/www/A"]


@pytest.mark.parametrize(
    "path",
    [f"{collection}/mars" for collection in NAMED]
    + [f"zones/{place}" for place in ZONED]
    + ["snapshots/7", "endpoints/mars/health"],
)
def test_an_object_that_is_none_is_not_found(api, refused, path):
    refused(api.get(f"/api/v1/{path}"), 404)


@pytest.mark.parametrize(
    ("method", "path"), [("delete", "status"), ("put", "snapshots"), ("patch", "zones/demo.test"), ("get", "explain")]
)
def test_a_method_that_is_not_offered_says_which_are(api, refused, method, path):
    response = getattr(api, method)(f"/api/v1/{path}")

    refused(response, 405)
    assert response["Allow"]


def test_an_answer_in_another_format_is_not_offered(api, refused):
    refused(api.get("/api/v1/regions", HTTP_ACCEPT="text/html"), 406)


def test_what_is_in_use_is_kept_and_what_uses_it_is_named(api, fra_1, fra_2, refused):
    assert "endpoint fra-1, endpoint fra-2" in refused(api.delete("/api/v1/regions/eu"), 409)["detail"]
    assert Region.objects.filter(name="eu").exists()


def test_what_somebody_has_deleted_meanwhile_is_not_found(api, eu, refused, monkeypatch):
    def save(region):
        Region.objects.get(name=f"{region.name} as it was")

    monkeypatch.setattr(Region, "save", save)
    problem = refused(api.patch("/api/v1/regions/eu", {"latitude": 1}), 404)
    assert "deleted" in problem["detail"]


def test_a_race_for_a_name_is_a_conflict(api, ops, refused, monkeypatch):
    both = [Region(team=ops, name="us", latitude=0, longitude=0) for _racer in range(2)]
    monkeypatch.setattr(Region, "save", lambda _self: Region.objects.bulk_create(both))
    problem = refused(api.post("/api/v1/regions", {"name": "us", "latitude": 0, "longitude": 0}), 409)

    assert problem["detail"] == "This name is taken."


def fail(error):
    def raise_it(*_args, **_kwargs):
        raise error

    return raise_it


def test_a_database_that_is_away_is_said_to_be(api, refused, monkeypatch):
    monkeypatch.setattr("api.status._nodes", fail(OperationalError("connection refused")))

    assert "database" in refused(api.get("/api/v1/status"), 503)["detail"]


def test_a_fault_of_ours_is_logged_and_tells_no_secrets(api, refused, monkeypatch, caplog):
    monkeypatch.setattr("api.status._nodes", fail(KeyError("secret")))
    problem = refused(api.get("/api/v1/status"), 500)

    assert "secret" not in str(problem)
    assert "KeyError" in caplog.text


def test_a_conflict_without_a_known_constraint_asks_to_try_again(api, refused, monkeypatch):
    monkeypatch.setattr("api.status._nodes", fail(IntegrityError()))

    assert "Try again" in refused(api.get("/api/v1/status"), 409)["detail"]


def test_nested_errors_become_paths():
    nested = {"steps": [{}, {"rules": {0: {"location": ["unknown"]}}}], "non_field_errors": ["together wrong"]}

    assert list(field_errors(nested)) == [
        {"field": "steps.1.rules.0.location", "message": "unknown"},
        {"field": "", "message": "together wrong"},
    ]
