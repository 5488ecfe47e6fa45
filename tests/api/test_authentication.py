"""Nobody gets in without a token or a session, and nobody sees another team."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import ApiToken, User
from api.problems import unknown_url
from regions.models import Region
from tests.api.conftest import client_with

REGION = {"name": "us", "latitude": 39, "longitude": -77}


def every_view():
    return {
        pattern.callback for pattern in get_resolver("api.urls").url_patterns if pattern.callback is not unknown_url
    }


def test_every_view_asks_who_calls():
    for view in every_view():
        assert [permission.__name__ for permission in view.cls.permission_classes] == ["IsAuthenticated", "MayAct"], (
            view
        )
        assert view.cls.authentication_classes[0].__name__ == "TokenAuthentication", view


@pytest.mark.parametrize(
    "authorization", [None, "Token", "Token ", "Token wrong", "Token \xff", "Bearer x", "Basic YTpi"]
)
def test_a_stranger_is_refused_and_told_how_to_get_in(db, refused, authorization):
    headers = {} if authorization is None else {"HTTP_AUTHORIZATION": authorization}
    response = APIClient().get("/api/v1/regions", **headers)

    refused(response, 401)
    assert response["WWW-Authenticate"].startswith("Token ")


def test_a_stranger_who_writes_is_refused_before_the_body_is_read(db, refused):
    refused(APIClient().post("/api/v1/regions", b"{", content_type="application/json"), 401)


def test_a_token_of_a_disabled_user_is_refused(api, refused):
    User.objects.update(is_active=False)

    refused(api.get("/api/v1/regions"), 401)


def test_a_member_of_no_team_is_told_so(db, refused):
    client = APIClient()
    client.force_login(User.objects.create_user("carol"))

    assert "team" in refused(client.get("/api/v1/regions"), 403)["detail"]


def test_a_browser_session_acts_for_the_team_of_its_user(ada, eu):
    client = APIClient()
    client.force_login(ada)

    assert [region["name"] for region in client.get("/api/v1/regions").json()["results"]] == ["eu"]


def test_a_browser_that_writes_must_prove_that_it_is_no_other_site(ada, refused):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(ada)

    refused(client.post("/api/v1/regions", REGION), 403)
    assert not Region.objects.exists()


def test_the_use_of_a_token_is_noted_to_the_minute(api):
    api.get("/api/v1/regions")
    token = ApiToken.objects.get()
    assert token.last_used is not None
    assert timezone.now() - token.last_used < timedelta(minutes=1)

    just_now = timezone.now() - timedelta(seconds=30)
    ApiToken.objects.update(last_used=just_now)
    api.get("/api/v1/regions")
    token.refresh_from_db()
    assert token.last_used == just_now


def test_another_team_sees_and_changes_nothing_of_ours(rival_api, fra_1, refused):
    for path in ("regions/eu", "endpoints/fra-1", "endpoints/fra-1/health"):
        refused(rival_api.get(f"/api/v1/{path}"), 404)
    refused(rival_api.delete("/api/v1/endpoints/fra-1"), 404)
    refused(rival_api.patch("/api/v1/endpoints/fra-1", {"weight": 1}), 404)

    assert rival_api.get("/api/v1/endpoints").json()["results"] == []
    problem = refused(rival_api.post("/api/v1/endpoints", {"name": "e", "region": "eu", "ipv4": "192.0.2.1"}), 400)
    assert problem["errors"][0]["field"] == "region"


def test_names_are_unique_within_a_team_only(rival_api, eu):
    assert rival_api.post("/api/v1/regions", {"name": "eu", "latitude": 1, "longitude": 1}).status_code == 201


def test_a_token_is_shown_once_and_works(api, ops):
    created = api.post("/api/v1/tokens", {"name": "ci"})

    assert created.status_code == 201
    assert created.json()["user"] == "ada"
    assert client_with(created.json()["token"]).get("/api/v1/regions").status_code == 200
    assert "token" not in api.get("/api/v1/tokens/ci").json()
    assert [token["name"] for token in api.get("/api/v1/tokens").json()["results"]] == ["ci", "laptop"]


def test_a_deleted_token_works_no_more(api, refused):
    secret = api.post("/api/v1/tokens", {"name": "ci"}).json()["token"]
    assert api.delete("/api/v1/tokens/ci").status_code == 204

    refused(client_with(secret).get("/api/v1/regions"), 401)
