"""Teams are made by administrators of the installation, and their settings changed by their own admins."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.audit.models import AuditEntry
from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.services import create_token
from tests.api.conftest import client_with, member_of


@pytest.fixture
def root(ops):
    return client_with(create_token(User.objects.create_superuser("root"), ops, "laptop")[1])


def test_root_makes_a_team_with_its_first_admin(root, ops):
    User.objects.create_user("eve", email="eve@example.com")

    made = root.post("/api/v1/teams", {"name": "shop", "approvals_required": 2, "admin": "eve@example.com"})

    assert (made.status_code, made.json()["approvals_required"]) == (201, 2)
    shop = Team.objects.get(name="shop")
    assert list(Membership.objects.filter(team=shop).values_list("user__username", "role")) == [("eve", "admin")]
    entry = AuditEntry.objects.get(kind="teams")
    assert (entry.team, entry.action, entry.after) == (shop, "create", {"name": "shop", "approvals_required": 2})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "ops"}, "name"),
        ({"name": "Shop"}, "name"),
        ({}, "name"),
        ({"name": "shop", "admin": "nobody"}, "admin"),
        ({"name": "shop", "approvals_required": 21}, "approvals_required"),
        ({"name": "shop", "approvals_required": -1}, "approvals_required"),
        ({"name": "shop", "colour": "red"}, "colour"),
    ],
)
def test_a_team_that_cannot_be_is_refused_at_its_field(root, body, field: str):
    refused = root.post("/api/v1/teams", body)

    assert refused.status_code == 400
    assert field in {error["field"] for error in refused.json()["errors"]}
    assert list(Team.objects.values_list("name", flat=True)) == ["ops"]


def test_an_admin_renames_the_team_and_has_its_changes_approved(api, ops):
    etag = api.get("/api/v1/teams/ops")["ETag"]

    changed = api.patch("/api/v1/teams/ops", {"name": "desk", "approvals_required": 1}, HTTP_IF_MATCH=etag)

    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["approvals_required"]) == ("desk", 1)
    assert api.patch("/api/v1/teams/desk", {"approvals_required": 0}, HTTP_IF_MATCH=etag).status_code == 412
    [entry] = AuditEntry.objects.filter(kind="teams")
    assert (entry.key, entry.team, entry.actor) == ("ops", ops, "ada")
    assert entry.before == {"name": "ops", "approvals_required": 0}
    assert entry.after == {"name": "desk", "approvals_required": 1}


def test_a_token_changes_the_settings_of_its_own_team_alone(api, rivals, ada):
    Membership.objects.create(user=ada, team=rivals, role=Role.ADMIN)

    assert api.patch("/api/v1/teams/rivals", {"approvals_required": 1}).status_code == 404
    assert api.get("/api/v1/teams/rivals").status_code == 404


def test_a_session_changes_the_team_that_the_url_names_if_they_are_its_admin(ops, rivals):
    dora = member_of(ops, "dora", Role.VIEWER)
    Membership.objects.create(user=dora, team=rivals, role=Role.ADMIN)
    browser = APIClient()
    browser.force_login(dora)

    assert browser.patch("/api/v1/teams/rivals", {"approvals_required": 1}, format="json").status_code == 200
    assert browser.patch("/api/v1/teams/ops", {"approvals_required": 1}, format="json").status_code == 403
    assert browser.patch("/api/v1/teams/ops?team=rivals", {"approvals_required": 1}, format="json").status_code == 404
    assert dict(Team.objects.values_list("name", "approvals_required")) == {"ops": 0, "rivals": 1}
