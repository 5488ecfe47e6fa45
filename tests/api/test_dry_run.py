"""?dry_run=1 answers with the plan of a request, and nothing is changed."""

from __future__ import annotations

import pytest

from accounts.audit.models import AuditEntry
from healthchecks.models import Check
from regions.models import Endpoint, Region
from zones.models import Zone
from zones.services import create_zone

US = {"name": "us", "latitude": 39, "longitude": -77.5}


@pytest.mark.parametrize(
    ("method", "path", "body", "kind", "key", "action"),
    [
        ("post", "/regions", US, "regions", "us", "create"),
        ("put", "/regions/us", US, "regions", "us", "create"),
        ("patch", "/regions/eu", {"latitude": 50.5}, "regions", "eu", "update"),
        ("delete", "/endpoints/fra-1", None, "endpoints", "fra-1", "delete"),
        ("post", "/zones", {"origin": "new.test."}, "zones", "new.test.", "create"),
    ],
)
def test_a_write_is_planned_and_not_done(api, fra_1, method, path, body, kind, key, action):
    before = AuditEntry.objects.count()
    response = getattr(api, method)(f"/api/v1{path}?dry_run=1", body)
    assert response.status_code == 200, response.content
    plan = response.json()
    (planned,) = [one for one in plan["objects"] if (one["kind"], one["key"]) == (kind, key)]
    assert (planned["action"], plan["publishable"], plan["refusals"]) == (action, True, [])
    assert "ETag" not in response
    assert "Location" not in response
    assert (Region.objects.count(), Endpoint.objects.count(), Zone.objects.count()) == (1, 1, 0)
    assert AuditEntry.objects.count() == before


def test_a_zone_file_is_planned_by_record_set(api, ops):
    zone = create_zone(ops, "demo.test.")
    url = "/api/v1/zones/demo.test./zonefile"
    text = api.get(url).content.decode() + "new 60 IN A 192.0.2.77\n"
    response = api.generic("PUT", f"{url}?dry_run=1", text, content_type="text/dns")
    assert [(one["key"], one["action"]) for one in response.json()["objects"]] == [("demo.test. new A", "create")]
    assert not zone.record_sets.filter(name="new").exists()


def test_what_is_refused_is_refused_as_ever(api, eu, refused):
    problem = refused(api.patch("/api/v1/regions/eu?dry_run=1", {"latitude": 91}), 400)
    assert problem["errors"][0]["field"] == "latitude"


def test_what_would_go_along_is_told(api, ops, fra_1):
    Check.objects.create(team=ops, name="web", kind="tcp").endpoints.add(fra_1)
    plan = api.delete("/api/v1/endpoints/fra-1?dry_run=1").json()
    assert {(one["kind"], one["key"], one["action"]) for one in plan["objects"]} == {
        ("endpoints", "fra-1", "delete"), ("checks", "web", "update"),
    }  # fmt: skip


def test_where_no_plan_is_offered_nothing_is_done(api, refused):
    refused(api.post("/api/v1/tokens?dry_run=1", {"name": "new"}), 400)
    refused(api.post("/api/v1/regions?dry_run=yes", US), 400)
