"""Creating, replacing, changing and deleting what a team declares by name."""

from __future__ import annotations

import pytest

from accounts.models import Team
from healthchecks.models import Check
from regions.models import EdgeNode, Endpoint, Region, Site
from regions.services import find_node

REGION = {"latitude": 39, "longitude": -77.5}
EU = "/api/v1/regions/eu"


@pytest.fixture
def published(monkeypatch):
    """How often publishing was asked for."""
    requests = []
    monkeypatch.setattr("documents.kind.request_publish", lambda: requests.append(1))
    return requests


def test_what_is_created_is_answered_with_its_place(api):
    response = api.post("/api/v1/regions", REGION | {"name": "us"})

    assert response.status_code == 201
    assert response["Location"] == "/api/v1/regions/us"
    assert api.get(response["Location"]).json() == response.json()
    assert response.json().items() >= (REGION | {"name": "us", "is_vantage": True}).items()


def test_a_final_slash_may_be_there(api, eu):
    assert api.get(f"{EU}/").json() == api.get(EU).json()
    assert api.post("/api/v1/regions/", REGION | {"name": "us"})["Location"] == "/api/v1/regions/us"


def test_put_creates_and_the_same_again_changes_nothing(api):
    first = api.put("/api/v1/regions/us", REGION)
    second = api.put("/api/v1/regions/us", REGION)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first["Location"] == "/api/v1/regions/us"
    assert first.json()["id"] == second.json()["id"]
    assert Region.objects.count() == 1


def test_put_does_not_create_under_another_name_than_its_url(api, refused):
    problem = refused(api.put("/api/v1/regions/us", REGION | {"name": "asia"}), 400)

    assert problem["errors"][0]["field"] == "name"


def test_put_replaces_so_what_it_does_not_say_is_the_default(api, fra_1):
    api.patch("/api/v1/endpoints/fra-1", {"weight": 5, "labels": {"tier": "gpu"}, "port": 8443})
    replaced = api.put("/api/v1/endpoints/fra-1", {"region": "eu", "ipv6": "2001:DB8::1"}).json()

    assert (replaced["ipv4"], replaced["ipv6"]) == (None, "2001:db8::1")
    assert (replaced["weight"], replaced["labels"], replaced["port"]) == (None, {}, 443)


def test_patch_changes_what_it_names_and_nothing_else(api, fra_1):
    before = api.get("/api/v1/endpoints/fra-1").json()
    after = api.patch("/api/v1/endpoints/fra-1", {"weight": 0}).json()

    assert after | {"updated": before["updated"]} == before | {"weight": 0}


def test_what_was_read_can_be_written_back(api, fra_1):
    body = api.get("/api/v1/endpoints/fra-1").json()

    assert api.put("/api/v1/endpoints/fra-1", body).json() | {"updated": body["updated"]} == body


def test_a_rename_keeps_what_refers_to_it(api, fra_1):
    assert api.patch(EU, {"name": "europe"}).status_code == 200
    assert api.get("/api/v1/endpoints/fra-1").json()["region"] == "europe"


def test_every_write_asks_for_publishing_and_a_refused_one_does_not(api, published):
    api.put(EU, REGION)
    api.patch(EU, {"latitude": 1})
    api.delete(EU)
    assert len(published) == 3

    api.put(EU, {})
    api.get("/api/v1/regions")
    assert len(published) == 3


def test_a_new_region_is_probed_from_at_once(api, monkeypatch):
    scheduled = []
    monkeypatch.setattr("documents.regions.sync_schedule", lambda: scheduled.append(1))
    api.put(EU, REGION)

    assert scheduled


def test_a_deleted_object_is_gone(api, eu, refused):
    assert api.delete(EU).status_code == 204
    refused(api.get(EU), 404)
    refused(api.delete(EU), 404)


def test_lists_can_be_narrowed(api, ops, fra_1, refused):
    us = Region.objects.create(team=ops, name="us", latitude=0, longitude=0)
    Endpoint.objects.create(team=ops, name="iad-1", region=us, hostname="iad.test.", admin_state="draining")

    def names(query):
        return [endpoint["name"] for endpoint in api.get(f"/api/v1/endpoints?{query}").json()["results"]]

    assert names("region=us") == names("admin_state=draining") == ["iad-1"]
    assert names("region=mars") == []
    refused(api.get("/api/v1/endpoints?admin_state=asleep"), 400)
    refused(api.get("/api/v1/endpoints?region=%00"), 400)


def test_the_token_of_a_node_is_shown_once_and_can_be_renewed(api, ops):
    Site.objects.create(team=ops, name="fra", latitude=50, longitude=8)
    first = api.post("/api/v1/nodes", {"name": "edge-1", "site": "fra"}).json()["token"]
    assert find_node(first) == EdgeNode.objects.get()
    assert "token" not in api.get("/api/v1/nodes/edge-1").json()
    assert "token" not in api.put("/api/v1/nodes/edge-1", {"site": "fra"}).json()

    second = api.post("/api/v1/nodes/edge-1/token").json()["token"]
    assert find_node(second) == EdgeNode.objects.get()
    assert find_node(first) is None


def test_put_creates_a_node_with_a_token(api, ops):
    Site.objects.create(team=ops, name="fra", latitude=50, longitude=8)

    assert find_node(api.put("/api/v1/nodes/edge-1", {"site": "fra"}).json()["token"])


def test_a_check_watches_the_endpoints_it_names(api, fra_1, fra_2):
    body = {"kind": "http", "options": {"path": "/healthz"}, "endpoints": ["fra-2", "fra-1"], "vantages": ["eu"]}
    created = api.put("/api/v1/checks/web", body).json()
    assert (created["endpoints"], created["vantages"]) == (["fra-1", "fra-2"], ["eu"])

    assert api.patch("/api/v1/checks/web", {"rise": 5}).json()["endpoints"] == ["fra-1", "fra-2"]
    assert api.patch("/api/v1/checks/web", {"endpoints": ["fra-2"]}).json()["endpoints"] == ["fra-2"]
    assert api.put("/api/v1/checks/web", {"kind": "tcp"}).json().items() >= {"endpoints": [], "vantages": []}.items()
    assert api.delete("/api/v1/checks/web").status_code == 204
    assert not Check.objects.exists()


def test_a_site_may_say_which_region_it_is_in(api, eu):
    place = {"latitude": 50, "longitude": 8}
    assert api.post("/api/v1/sites", place | {"name": "fra", "region": "eu"}).json()["region"] == "eu"
    assert Site.objects.get().region == eu
    assert api.patch("/api/v1/sites/fra", {"latitude": 51}).json()["region"] == "eu"
    assert api.put("/api/v1/sites/fra", place).json()["region"] is None
    assert api.patch("/api/v1/sites/fra", {"region": "eu"}).json()["region"] == "eu"
    assert api.patch("/api/v1/sites/fra", {"region": None}).json()["region"] is None


def test_a_region_of_another_team_is_none_of_a_site(api, eu, refused):
    rivals = Team.objects.create(name="rivals-2")
    Region.objects.create(team=rivals, name="theirs", latitude=0, longitude=0)
    problem = refused(
        api.post("/api/v1/sites", {"name": "fra", "latitude": 1, "longitude": 1, "region": "theirs"}), 400
    )

    assert problem["errors"][0]["field"] == "region"
