"""Signing in and out by password: no account is told from none, and every event is said without a secret."""

from __future__ import annotations

import logging

import pytest
from django.contrib.auth import hashers
from django.test import Client

from accounts.models import User
from tests.accounts.login.conftest import PASSWORD, is_signed_in, sign_in


def test_a_password_signs_in_and_leads_on(ada, anyone):
    response = anyone.post("/login/", {"username": "ada", "password": PASSWORD, "next": "/zones/"})

    assert response.get("Location") == "/zones/"
    assert is_signed_in(anyone)


@pytest.mark.parametrize("onward", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_signing_in_leads_to_no_other_site(ada, anyone, onward: str):
    response = anyone.post("/login/", {"username": "ada", "password": PASSWORD, "next": onward})

    assert response.get("Location") == "/"


def test_the_session_has_another_key_once_someone_is_signed_in(ada, anyone):
    anyone.get("/login/sso/cancelled/")
    session = anyone.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    sign_in(anyone)

    assert anyone.session.session_key != planted


def test_nobody_can_tell_an_account_that_exists_from_one_that_does_not(ada, monkeypatch):
    User.objects.create_user("switched-off", password=PASSWORD, is_active=False)
    User.objects.create_user("without-password")
    hashed: list[str] = []
    encode = hashers.MD5PasswordHasher.encode

    def counted(*found):
        hashed.append("one")
        return encode(*found)

    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", counted)
    pages = {}
    for username in ("ada", "nobody", "switched-off", "without-password"):
        hashed.clear()
        password = PASSWORD if username == "switched-off" else "guess"
        page = sign_in(Client(), username, password)
        pages[username] = (page.status_code, "Username and password do not match." in page.content.decode())
        assert len(hashed) == 1, f"{username}: the same work, and so the same time"

    assert set(pages.values()) == {(200, True)}


def test_signing_out_ends_the_session_and_takes_a_post(adas_browser):
    assert adas_browser.get("/logout/").status_code == 405
    key = adas_browser.session.session_key
    adas_browser.post("/logout/")

    assert not is_signed_in(adas_browser)
    assert not adas_browser.session.exists(key)


def test_who_is_signed_in_is_led_on_from_the_login_page(adas_browser):
    assert adas_browser.get("/login/").get("Location") == "/"


def test_nobody_signs_up(anyone):
    for path in ("/signup/", "/accounts/signup/", "/login/signup/", "/account/signup/"):
        assert anyone.get(path).status_code == 404


def test_the_log_says_who_came_and_who_failed_and_no_secret(ada, anyone, caplog):
    with caplog.at_level(logging.INFO):
        sign_in(anyone, password="a wrong guess")
        sign_in(anyone, username="typed-password-as-name", password="a wrong guess")
        sign_in(anyone)
        anyone.post("/logout/")

    said = [record.getMessage() for record in caplog.records if record.name == "accounts.security"]
    assert said == [
        "sign-in refused: user ada, from 127.0.0.1",
        "sign-in refused: user -, from 127.0.0.1",
        "signed in: user ada, from 127.0.0.1, by password",
        "signed out: user ada, from 127.0.0.1",
    ]
    for secret in ("a wrong guess", "typed-password-as-name", PASSWORD):
        assert secret not in caplog.text


def test_the_admin_has_no_door_of_its_own(ada, anyone):
    User.objects.update(is_staff=True, is_superuser=True)
    credentials = {"username": "ada", "password": PASSWORD, "next": "/admin/"}
    assert anyone.get("/admin/login/?next=/admin/").get("Location") == "/login/?next=%2Fadmin%2F"
    assert anyone.post("/admin/login/", credentials).get("Location") == "/login/?next=%2Fadmin%2F"
    assert not is_signed_in(anyone)

    sign_in(anyone)
    assert anyone.get("/admin/").status_code == 200


def test_the_admin_is_for_staff(adas_browser):
    assert adas_browser.get("/admin/login/").status_code == 403
