"""What another site can have a browser do here: nothing, but send measurements."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Membership, Team, User

BY_TOKEN = {"edge/v1/", "rum/v1/", "^push/v1/"}
"""What takes no session, and so needs no proof that a page of ours has sent the form."""
OPEN_TO_PAGES = {"rum/v1/"}


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, path)
        else:
            yield path, pattern


def unprotected() -> set[str]:
    return {path for path, pattern in routes() if getattr(pattern.callback, "csrf_exempt", False)}


def is_below(path: str, places: set[str]) -> bool:
    return path.startswith(tuple(places))


@pytest.mark.django_db
def test_every_route_with_a_session_asks_for_the_proof():
    """REST framework's views are exempt from the middleware and ask by themselves, whenever a session is what they know
    the caller by: that is tried below."""
    by_other_means = {path for path in unprotected() if not is_below(path, BY_TOKEN | {"api/", "metrics"})}

    assert by_other_means == set()
    assert unprotected(), "or nothing was looked at"


def filled(path: str) -> str | None:
    """A URL of a route without arguments; None: it has some."""
    return None if any(sign in path for sign in "<(^$?") else f"/{path}"


PLAIN = sorted({url for path, _ in routes() if (url := filled(path)) and not is_below(path, BY_TOKEN)})


@pytest.mark.parametrize("url", PLAIN)
@pytest.mark.django_db
def test_a_form_of_another_site_changes_nothing(url: str):
    user = User.objects.create_superuser("root")
    Membership.objects.create(user=user, team=Team.objects.create(name="ops"), role="admin")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)

    assert browser.post(url, {}).status_code in {403, 404, 405}


@pytest.mark.parametrize("url", [url for url in PLAIN if not url.startswith("/admin")])
@pytest.mark.django_db
def test_no_page_of_another_site_reads_an_answer(url: str):
    for method in (Client().get, Client().options):
        response = method(url, headers={"Origin": "https://evil.example"})
        response.close()
        assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.django_db
def test_measurements_are_open_to_every_page_and_carry_no_cookie():
    response = Client().options("/rum/v1/beacons", headers={"Origin": "https://shop.example"})

    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.django_db
def test_the_cookies_are_kept_from_scripts_and_from_other_sites(settings):
    settings.SESSION_COOKIE_SECURE = True
    user = User.objects.create_user("ada", password="four words in a row")
    browser = Client()
    browser.post("/login/", {"username": user.get_username(), "password": "four words in a row"})
    cookie = browser.cookies["sessionid"]

    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", True)
