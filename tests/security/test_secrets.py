"""No secret of any kind stands in a log, or in an answer after the one that shows it."""

from __future__ import annotations

import json
import logging

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Membership, Team, User
from accounts.services import create_token

PASSWORD = "four words in a row"
WEBHOOK_SECRET = "a secret that signs webhooks"
PASSWORD_OF_A_HOOK = "a-password-in-a-url"


@pytest.fixture
def ops(db):
    return Team.objects.create(name="ops")


@pytest.fixture
def root(ops):
    user = User.objects.create_superuser("root", password=PASSWORD)
    Membership.objects.create(user=user, team=ops, role="admin")
    return user


def collections(api: APIClient) -> list[str]:
    """Every collection that the schema has, without what belongs to one object."""
    schema = api.get("/api/schema/", HTTP_ACCEPT="application/vnd.oai.openapi+json").content
    paths = json.loads(schema)["paths"]
    return [path for path in paths if path.startswith("/api/v1/") and "{" not in path and "get" in paths[path]]


def test_a_day_of_work_leaves_no_secret_behind(root, ops, caplog):
    browser, api = Client(raise_request_exception=False), APIClient(raise_request_exception=False)
    with caplog.at_level(logging.DEBUG):
        browser.post("/login/", {"username": "root", "password": PASSWORD})
        browser.post("/login/", {"username": "root", "password": "a wrong guess of mine"})
        _token, secret = create_token(root, ops, "ci")
        api.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
        shown = api.post("/api/v1/tokens", {"name": "laptop"}).json()["token"]
        channel = {
            "name": "hook",
            "kind": "webhook",
            "url": f"https://user:{PASSWORD_OF_A_HOOK}@hooks.example/x",
            "secret": WEBHOOK_SECRET,
        }
        api.post("/api/v1/channels", channel)
        APIClient().get("/api/v1/regions", HTTP_AUTHORIZATION="Token a-token-that-is-wrong")
        found = {path: api.get(path) for path in collections(api)}

    secrets = {PASSWORD, "a wrong guess of mine", secret, shown, WEBHOOK_SECRET, "a-token-that-is-wrong"}
    assert len(found) > 10
    for path, response in found.items():
        assert response.status_code < 500, path
        said = response.getvalue()
        assert not [kept for kept in secrets if kept.encode() in said], path
        assert root.password.encode() not in said, path
    assert not [kept for kept in secrets if kept in caplog.text]


def test_the_oidc_secret_is_on_no_page_and_in_no_setting_that_is_shown(root, settings, caplog):
    settings.DEBUG = False
    settings.OIDC_ISSUER, settings.OIDC_NAME = "http://127.0.0.1:1", "Example Corp"
    app = {"provider_id": settings.SINGLE_SIGN_ON_ID, "name": "x", "client_id": "trafficmgr", "secret": "known to both"}
    app["settings"] = {"server_url": "http://127.0.0.1:1"}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
    browser = Client()
    with caplog.at_level(logging.DEBUG):
        pages = [browser.get("/login/"), browser.post("/login/sso/")]
        browser.force_login(root)
        pages += [browser.get("/account/"), browser.get("/admin/"), browser.get("/admin/socialaccount/")]

    assert not [page for page in pages if b"known to both" in page.content]
    assert "known to both" not in caplog.text


def test_the_admin_shows_neither_factors_nor_the_provider_as_something_to_edit(root):
    browser = Client()
    browser.force_login(root)
    page = browser.get("/admin/").content.decode()

    assert "mfa/authenticator" in page, "so that a lost one can be removed"
    assert "socialapp" not in page
    assert "socialtoken" not in page
    assert "emailaddress" not in page
