"""Changes of granted zones over the API; and what readers are told of zones of other teams."""

from __future__ import annotations

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.permissions import Role
from snapshots.models import Refusal, Snapshot
from zones.grants import grant
from zones.services import create_zone, put_record_set

MAIL = {"kind": "rrsets", "key": "ops.test. mail A", "action": "delete"}
POOL = {"kind": "pools", "key": "spare", "action": "put", "document": {"name": "spare"}}


@pytest.fixture
def zone(ops):
    made = create_zone(ops, "ops.test.")
    put_record_set(made, "mail", "A", 60, ["192.0.2.25"])
    return made


def guest_of(zone, role: Role) -> APIClient:
    """Someone in no team, who has a role for one zone."""
    user = User.objects.create_user("guest")
    grant(zone, role, user="guest")
    client = APIClient()
    client.force_login(user)
    return client


def test_an_operator_for_one_zone_drafts_changes_of_it_and_of_nothing_else(zone, api):
    guest = guest_of(zone, Role.OPERATOR)

    made = guest.post("/api/v1/changes", {"title": "Less mail", "edits": [MAIL]}, format="json")

    assert made.status_code == 201
    url = f"/api/v1/changes/{made.json()['number']}"
    assert guest.post(f"{url}/edits", POOL, format="json").status_code == 403
    assert guest.post("/api/v1/changes", {"title": "A pool", "edits": [POOL]}, format="json").status_code == 403
    assert guest.post(f"{url}/publish", {}, format="json").status_code == 403
    theirs = api.post("/api/v1/changes", {"title": "Both", "edits": [MAIL, POOL]}).json()["number"]
    assert [row["title"] for row in guest.get("/api/v1/changes").json()["results"]] == ["Less mail"]
    assert guest.get(f"/api/v1/changes/{theirs}").status_code == 404
    assert guest.post(f"/api/v1/changes/{theirs}/withdraw", {}, format="json").status_code == 404
    assert guest.post(f"{url}/comments", {"text": "Nobody reads it."}, format="json").status_code == 201


def test_a_publisher_for_the_zone_publishes_it(zone, published):
    guest = guest_of(zone, Role.PUBLISHER)
    number = guest.post("/api/v1/changes", {"title": "Less mail", "edits": [MAIL]}, format="json").json()["number"]

    assert guest.post(f"/api/v1/changes/{number}/publish", {}, format="json").status_code == 200
    assert not zone.record_sets.filter(name="mail").exists()


def test_a_viewer_for_the_zone_reads_and_drafts_nothing(zone, api):
    guest = guest_of(zone, Role.VIEWER)
    number = api.post("/api/v1/changes", {"title": "Less mail", "edits": [MAIL]}).json()["number"]

    assert guest.get(f"/api/v1/changes/{number}").status_code == 200
    assert guest.post(f"/api/v1/changes/{number}/comments", {"text": "Why?"}, format="json").status_code == 403
    assert guest.post("/api/v1/changes", {"title": "More", "edits": [MAIL]}, format="json").status_code == 403


def test_generations_and_status_name_no_zone_of_another_team(zone, api, rivals):
    create_zone(rivals, "secret.test.")
    Snapshot.objects.create(
        generation=1, manifest="{}", changes=["zone ops.test. serial 2", "zone secret.test. added", "pool web added"]
    )
    for part in ("zone ops.test.", "zone secret.test.", "policies"):
        Refusal.objects.create(part=part, reason="much", candidate="0", since=timezone.now())
    told = ["zone ops.test. serial 2", "pool web added", "1 zone of other teams"]

    assert api.get("/api/v1/snapshots").json()["results"][0]["changes"] == told
    assert api.get("/api/v1/snapshots/1").json()["changes"] == told
    assert [row["part"] for row in api.get("/api/v1/status").json()["refusals"]] == ["policies", "zone ops.test."]
