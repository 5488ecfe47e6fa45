"""The cast: ada, who has a password; anyone is a browser that nobody has signed in with."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from allauth.mfa.totp.internal import auth
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from accounts.login import throttle
from accounts.models import User

PASSWORD = "four words in a row"
PERIOD_S = 30
APP_TIME_S = 1_800_000_015


@pytest.fixture(autouse=True)
def quick_hashing(settings):
    """Of passwords: what makes guesses expensive makes tests slow."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def still_clock(monkeypatch):
    """Of authenticator apps: no code ends between being read and being typed."""
    monkeypatch.setattr(auth, "time", SimpleNamespace(time=lambda: APP_TIME_S))


@pytest.fixture
def unhurried(monkeypatch):
    """Limits that no slow machine outlasts."""
    hour = timedelta(hours=1)
    monkeypatch.setattr(throttle, "PER_ACCOUNT", throttle.Limit(throttle.PER_ACCOUNT.burst, hour))
    monkeypatch.setattr(throttle, "PER_NETWORK", throttle.Limit(throttle.PER_NETWORK.burst, hour))


@pytest.fixture
def ada(db):
    return User.objects.create_user("ada", email="ada@example.com", password=PASSWORD)


@pytest.fixture
def anyone(db):
    return Client()


@pytest.fixture
def adas_browser(ada):
    """Signed in by her password, as people do."""
    browser = Client()
    sign_in(browser)
    return browser


def sign_in(browser: Client, username: str = "ada", password: str = PASSWORD, headers: dict[str, str] | None = None):
    return browser.post("/login/", {"username": username, "password": password}, headers=headers)


def is_signed_in(browser: Client) -> bool:
    return browser.get("/account/").status_code == 200


def code_of(secret: str, periods_ahead: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, APP_TIME_S // PERIOD_S + periods_ahead))


def set_up_app(browser: Client) -> str:
    """Set up an authenticator app as people do. Returns its secret."""
    secret = browser.get("/account/app/").context["form"].secret
    assert browser.post("/account/app/", {"code": code_of(secret, -1)}).get("Location") == "/account/recovery-codes/"
    return secret


def long_ago(browser: Client) -> None:
    """As if the session had begun an hour ago."""
    session = browser.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3600
    session.save()
