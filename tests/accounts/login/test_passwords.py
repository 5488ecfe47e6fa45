"""Passwords: what is good enough, changing them, and choosing one anew by e-mail."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client

from accounts.login import password_reset
from accounts.tasks import send_password_reset
from tests.accounts.login.conftest import PASSWORD, is_signed_in, sign_in
from trafficmgr import settings as shipped

NEW = "five other words in a row"


def test_passwords_are_hashed_with_argon2():
    assert shipped.PASSWORD_HASHERS[0].endswith(".Argon2PasswordHasher")


@pytest.mark.parametrize(
    ("password", "complaint"),
    [
        ("eleven char", "too short"),
        ("qwertyuiop123", "too common"),
        ("ada@example.com", "too similar"),
        ("739184620573", "entirely numeric"),
    ],
)
def test_a_poor_password_is_refused_with_its_reason(adas_browser, password: str, complaint: str):
    page = adas_browser.post(
        "/account/password/", {"oldpassword": PASSWORD, "password1": password, "password2": password}
    )

    assert complaint in page.content.decode()
    assert sign_in(Client()).status_code == 302, "the old one is good still"


def test_a_password_is_changed_by_who_knows_the_present_one(adas_browser):
    page = adas_browser.post("/account/password/", {"oldpassword": "guess", "password1": NEW, "password2": NEW})
    assert "This is not your present password." in page.content.decode()
    adas_browser.post("/account/password/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})

    assert sign_in(Client()).status_code == 200
    assert sign_in(Client(), password=NEW).status_code == 302


def test_the_present_password_is_not_guessed_by_who_finds_a_session_open(adas_browser, unhurried):
    for _ in range(11):
        page = adas_browser.post("/account/password/", {"oldpassword": "guess", "password1": NEW, "password2": NEW})

    assert "Too many attempts" in page.content.decode()


@pytest.fixture
def mailing(settings):
    settings.MAIL_SERVER = object()
    settings.PUBLIC_URL = "https://manager.example.net"
    settings.CELERY_TASK_ALWAYS_EAGER = True


@pytest.fixture
def asked(monkeypatch):
    """Addresses that a link was asked for: what the worker is told."""
    addresses: list[str] = []
    monkeypatch.setattr(send_password_reset, "delay", addresses.append)
    return addresses


def test_nothing_is_reset_where_there_is_no_mail(anyone):
    assert anyone.get("/login/password/").status_code == 404
    assert "Forgotten" not in anyone.get("/login/").content.decode()


@pytest.mark.parametrize("address", ["ada@example.com", "nobody@example.com"])
def test_asking_for_a_link_says_the_same_to_everybody(ada, anyone, mailing, asked, address: str):
    assert "Forgotten your password?" in anyone.get("/login/").content.decode()
    response = anyone.post("/login/password/", {"email": address})

    assert response.get("Location") == "/login/password/sent/"
    assert asked == [address], "what is looked up is looked up later"
    assert not mail.outbox


def test_a_link_leads_to_a_new_password_once_and_ends_every_session(ada, adas_browser, anyone, mailing):
    password_reset.send("ADA@example.com")
    (message,) = mail.outbox
    assert message.to == ["ada@example.com"]
    (path,) = re.findall(r"https://manager\.example\.net(/login/password/\S+)", str(message.body))
    form = anyone.get(path, follow=True)
    done = anyone.post(form.context["action_url"], {"password1": NEW, "password2": NEW})
    assert done.get("Location") == "/login/password/done/", done.content.decode()

    assert not is_signed_in(adas_browser)
    assert sign_in(Client(), password=NEW).status_code == 302
    assert "good no more" in Client().get(path, follow=True).content.decode()


def test_a_link_is_made_for_the_site_and_not_for_whom_the_request_names(ada, mailing):
    assert password_reset.link_for(ada).startswith("https://manager.example.net/login/password/")


def test_who_has_no_password_or_is_switched_off_gets_no_link(ada, mailing):
    ada.set_unusable_password()
    ada.save()
    password_reset.send(ada.email)
    ada.set_password(PASSWORD)
    ada.is_active = False
    ada.save()
    password_reset.send(ada.email)

    assert not mail.outbox
