"""Teams, members, tokens and roles for zones, as the API shows and changes them."""

from __future__ import annotations

import ipaddress
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.audit.models import AuditEntry
from accounts.models import ApiToken, Membership, Team, User
from accounts.permissions import Role, Scope
from accounts.services import create_token
from regions.models import Region
from tests.api.conftest import client_with, member_of
from zones.grants import grant
from zones.services import create_zone

REGION = {"name": "us", "latitude": 39, "longitude": -77}
RECORD = {"ttl": 60, "records": ["192.0.2.1"]}


@pytest.fixture
def zone(ops):
    return create_zone(ops, "ops.test.")


@pytest.fixture
def browser():
    """The API as a browser's session of this user sees it."""

    def signed_in_as(user: User) -> APIClient:
        client = APIClient()
        client.force_login(user)
        return client

    return signed_in_as


def test_an_admin_lets_someone_in_changes_their_role_and_lets_them_go(api, ops):
    User.objects.create_user("eve", email="eve@example.com")

    created = api.post("/api/v1/members", {"user": "eve@example.com", "role": "viewer"})
    assert (created.status_code, created.json()["user"]) == (201, "eve")
    assert api.patch("/api/v1/members/eve", {"role": "approver"}).json()["role"] == "approver"
    assert [row["user"] for row in api.get("/api/v1/members").json()["results"]] == ["ada", "eve"]
    assert api.delete("/api/v1/members/eve").status_code == 204
    assert not Membership.objects.filter(user__username="eve").exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"user": "nobody", "role": "viewer"}, "user"),
        ({"user": "ada", "role": "viewer"}, "user"),
        ({"user": "ada", "role": "emperor"}, "role"),
        ({"user": "ada"}, "role"),
        ({"user": "ada", "role": "viewer", "rank": 1}, "rank"),
    ],
)
def test_a_member_that_cannot_be_is_refused_by_field(api, refused, body, field):
    assert field in {error["field"] for error in refused(api.post("/api/v1/members", body), 400)["errors"]}


def test_the_last_admin_stays(api, refused):
    assert "only admin" in refused(api.delete("/api/v1/members/ada"), 400)["detail"]
    assert "only admin" in refused(api.patch("/api/v1/members/ada", {"role": "viewer"}), 400)["detail"]


def test_who_may_not_is_told_which_role_is_needed_and_whom_to_ask(ops, ada, refused):
    client = client_with(create_token(member_of(ops, "carol", Role.OPERATOR), ops, "c")[1])

    told = refused(client.post("/api/v1/regions", REGION), 403)["detail"]

    assert "the role publisher, approver or admin in team ops; you are operator" in told
    assert "Ask an admin of the team: ada." in told
    assert not Region.objects.exists()


def test_a_token_that_may_not_is_told_which_scope_is_needed(ops, ada, refused):
    client = client_with(create_token(ada, ops, "c", scope=Scope.READ)[1])

    told = refused(client.post("/api/v1/regions", REGION), 403)["detail"]

    assert "a token needs the scope publish or administer; this one has read" in told


def test_a_token_may_no_more_than_its_user_at_present(ops, ada, refused):
    client = client_with(create_token(ada, ops, "c")[1])
    Membership.objects.update(role=Role.VIEWER)

    assert client.get("/api/v1/regions").status_code == 200
    refused(client.post("/api/v1/regions", REGION), 403)
    Membership.objects.all().delete()
    refused(client.get("/api/v1/regions"), 403)


def test_an_expired_token_is_refused_and_told_when_it_expired(ops, ada, refused):
    expires = timezone.now() - timedelta(seconds=1)
    client = client_with(create_token(ada, ops, "old", expires=expires)[1])

    assert f"old expired at {expires:%Y-%m-%d %H:%M} UTC" in refused(client.get("/api/v1/regions"), 401)["detail"]
    assert ApiToken.objects.get().last_used is None


@pytest.mark.parametrize(
    ("address", "status"),
    [("192.0.2.7", 200), ("::ffff:192.0.2.7", 200), ("2001:db8::1", 200), ("198.51.100.1", 403), ("", 403)],
)
def test_a_token_is_used_from_its_networks_only(ops, ada, address, status):
    client = client_with(create_token(ada, ops, "c", networks=["192.0.2.0/24", "2001:db8::/32"])[1])

    answer = client.get("/api/v1/regions", REMOTE_ADDR=address)

    assert answer.status_code == status
    assert status == 200 or (address or "an unknown address") in answer.json()["detail"]


def test_where_a_token_is_used_from_is_what_trusted_proxies_say(ops, ada, settings):
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8")]
    client = client_with(create_token(ada, ops, "c", networks=["192.0.2.0/24"])[1])
    said = "192.0.2.7"

    assert client.get("/api/v1/regions", REMOTE_ADDR="10.1.2.3", HTTP_X_FORWARDED_FOR=said).status_code == 200
    assert client.get("/api/v1/regions", REMOTE_ADDR="198.51.100.1", HTTP_X_FORWARDED_FOR=said).status_code == 403
    assert ApiToken.objects.get().last_address == "192.0.2.7"


def test_a_token_is_limited_to_what_it_names(ops, ada, fra_1, refused):
    client = client_with(create_token(ada, ops, "c", only=["endpoints:load", "pools"])[1])

    assert client.put("/api/v1/endpoints/fra-1/load", {"current": 1}).status_code in {200, 400}
    assert client.get("/api/v1/pools").status_code == 200
    for path in ("endpoints/fra-1", "endpoints/fra-1/forced", "regions", "tokens"):
        assert "endpoints:load, pools only" in refused(client.get(f"/api/v1/{path}"), 403)["detail"]


def test_a_token_is_made_with_its_limits_and_the_least_scope(api):
    made = api.post("/api/v1/tokens", {"name": "ci", "only": ["zones"], "networks": ["192.0.2.0/24"]}).json()

    assert (made["scope"], made["only"], made["networks"]) == ("read", ["zones"], ["192.0.2.0/24"])
    assert made["token"].startswith("tmgr_")
    assert made["token"].startswith(made["start"])
    expires = ApiToken.objects.get(name="ci").expires
    assert expires is not None
    assert timedelta(days=364) < expires - timezone.now() <= timedelta(days=365)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"scope": "all"}, "scope"),
        ({"only": ["cake"]}, "only"),
        ({"networks": ["here"]}, "networks"),
        ({"networks": ["192.0.2.1/24"]}, "networks"),
        ({"expires": "2020-01-01T00:00:00Z"}, "expires"),
        ({"expires": "2999-01-01T00:00:00Z"}, "expires"),
    ],
)
def test_a_token_that_cannot_be_is_refused_by_field(api, refused, said, field):
    problem = refused(api.post("/api/v1/tokens", {"name": "ci", **said}), 400)

    assert {error["field"].split(".")[0] for error in problem["errors"]} == {field}
    assert not ApiToken.objects.filter(name="ci").exists()


def test_the_longest_lifetime_is_the_installations_to_set(api, settings, refused):
    settings.TOKEN_MAX_DAYS = 30
    wanted = (timezone.now() + timedelta(days=31)).isoformat()

    assert "30 days at most" in refused(api.post("/api/v1/tokens", {"name": "ci", "expires": wanted}), 400)["detail"]
    api.post("/api/v1/tokens", {"name": "ci"})
    expires = ApiToken.objects.get(name="ci").expires
    assert expires is not None
    assert expires - timezone.now() <= timedelta(days=30)


def test_a_session_says_which_of_its_teams_it_acts_for(browser, ada, ops, rivals):
    Membership.objects.create(user=ada, team=rivals, role=Role.VIEWER)
    client = browser(ada)

    assert [(row["name"], row["role"]) for row in client.get("/api/v1/teams").json()["results"]] == [
        ("ops", "admin"),
        ("rivals", "viewer"),
    ]
    assert client.post("/api/v1/regions?team=rivals", REGION).status_code == 403
    assert client.post("/api/v1/regions?team=ops", REGION).status_code == 201
    assert client.get("/api/v1/regions?team=rivals").json()["results"] == []


def test_a_team_that_is_not_ones_own_is_not_there(browser, ada, rivals, refused):
    for name in ("rivals", "no-such"):
        assert f"no team {name}" in refused(browser(ada).get(f"/api/v1/regions?team={name}"), 404)["detail"]


def test_a_token_acts_for_its_team_only(ops, ada, rivals, refused):
    Membership.objects.create(user=ada, team=rivals, role=Role.ADMIN)
    client = client_with(create_token(ada, ops, "c")[1])

    assert client.get("/api/v1/regions?team=ops").status_code == 200
    assert "acts for team ops" in refused(client.get("/api/v1/regions?team=rivals"), 403)["detail"]
    assert [row["name"] for row in client.get("/api/v1/teams").json()["results"]] == ["ops"]


def test_root_acts_for_any_team(browser, ops, refused):
    client = browser(User.objects.create_superuser("root"))

    assert "?team=NAME" in refused(client.get("/api/v1/regions"), 403)["detail"]
    assert client.post("/api/v1/regions?team=ops", REGION).status_code == 201


def test_a_role_for_a_zone_is_given_used_and_taken(api, browser, ops, zone, refused):
    guest = browser(User.objects.create_user("guest"))
    refused(guest.get("/api/v1/zones"), 403)

    given = api.post("/api/v1/zones/ops.test./grants", {"user": "guest", "role": "publisher"})
    assert (given.status_code, given.json()["user"], given.json()["team"]) == (201, "guest", None)

    assert [row["origin"] for row in guest.get("/api/v1/zones").json()["results"]] == ["ops.test."]
    assert guest.put("/api/v1/zones/ops.test./rrsets/www/A", RECORD).status_code == 201
    assert guest.get("/api/v1/zones/ops.test./zonefile").status_code == 200
    refused(guest.post("/api/v1/zones/ops.test./grants", {"user": "guest", "role": "admin"}), 403)
    refused(guest.get("/api/v1/regions"), 403)
    refused(guest.post("/api/v1/zones", {"origin": "new.test."}), 403)

    [row] = api.get("/api/v1/zones/ops.test./grants").json()["results"]
    assert api.delete(f"/api/v1/zones/ops.test./grants/{row['id']}").status_code == 204
    refused(guest.get("/api/v1/zones/ops.test."), 403)


def test_zones_that_were_not_granted_are_not_there(browser, ops, zone, refused):
    create_zone(ops, "secret.test.")
    guest = browser(User.objects.create_user("guest"))
    grant(zone, Role.ADMIN, user="guest")

    for method in ("get", "delete"):
        refused(getattr(guest, method)("/api/v1/zones/secret.test."), 404)
    refused(guest.put("/api/v1/zones/secret.test./rrsets/www/A", RECORD), 404)


def test_a_role_for_a_zone_raises_that_of_a_member_and_of_their_token(ops, zone, refused):
    carol = member_of(ops, "carol", Role.VIEWER)
    client = client_with(create_token(carol, ops, "c")[1])
    url = "/api/v1/zones/ops.test./rrsets/www/A"
    refused(client.put(url, RECORD), 403)

    grant(zone, Role.PUBLISHER, user="carol")

    assert client.put(url, RECORD).status_code == 201
    reading = client_with(create_token(carol, ops, "r", scope=Scope.READ)[1])
    refused(reading.put(url, RECORD), 403)


def test_a_token_measures_only_where_it_may(ops, refused):
    client = client_with(create_token(member_of(ops, "carol", Role.VIEWER), ops, "c")[1])

    assert "operator" in refused(client.post("/rum/v1/beacons", {}), 403)["detail"]
    assert Team.objects.count() == 1


def test_who_gave_and_took_which_role_is_in_the_journal(api, ops):
    User.objects.create_user("eve")
    create_zone(ops, "demo.test.")
    grants = "/api/v1/zones/demo.test./grants"
    api.post("/api/v1/members", {"user": "eve", "role": "viewer"})
    api.patch("/api/v1/members/eve", {"role": "admin"})
    api.delete("/api/v1/members/eve")
    given = api.post(grants, {"user": "eve", "role": "admin"}).json()
    api.delete(f"{grants}/{given['id']}")

    told = AuditEntry.objects.filter(team=ops, kind__in=("members", "grants"), token="laptop").order_by("id")
    assert list(told.values_list("action", "key", "before__role", "after__role")) == [
        ("create", "eve", None, "viewer"),
        ("update", "eve", "viewer", "admin"),
        ("delete", "eve", "admin", None),
        ("create", "demo.test. user eve", None, "admin"),
        ("delete", "demo.test. user eve", "admin", None),
    ]
