"""Second factors: set up, asked for, kept encrypted, required; nothing changes before it is confirmed who asks."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from rest_framework.test import APIClient

from accounts.login.second_factor import SecondFactorAdapter
from accounts.models import Membership, Team
from accounts.services import create_token
from tests.accounts.login.conftest import PASSWORD, code_of, is_signed_in, long_ago, set_up_app, sign_in


@pytest.fixture
def adas_secret(adas_browser):
    return set_up_app(adas_browser)


def test_with_an_app_the_password_alone_opens_nothing(adas_secret, anyone):
    assert sign_in(anyone).get("Location") == "/login/code/"
    assert not is_signed_in(anyone)

    assert anyone.post("/login/code/", {"code": code_of(adas_secret)}).get("Location") == "/"
    assert is_signed_in(anyone)


def test_a_wrong_code_is_refused_and_can_be_tried_again(adas_secret, anyone):
    sign_in(anyone)
    page = anyone.post("/login/code/", {"code": "000000"}).content.decode()

    assert "This code does not fit." in page
    anyone.post("/login/code/", {"code": code_of(adas_secret)})
    assert is_signed_in(anyone)


def test_a_code_works_once(adas_secret):
    first, second = Client(), Client()
    code = code_of(adas_secret)
    for browser in (first, second):
        sign_in(browser)
        browser.post("/login/code/", {"code": code})

    assert is_signed_in(first)
    assert not is_signed_in(second)


def test_codes_are_not_guessed(adas_secret, anyone, unhurried):
    sign_in(anyone)
    for number in range(10):
        anyone.post("/login/code/", {"code": f"{number:06}"})
    page = anyone.post("/login/code/", {"code": code_of(adas_secret)}).content.decode()

    assert "Too many attempts" in page
    assert not is_signed_in(anyone)


def test_a_recovery_code_stands_in_once(adas_browser, adas_secret):
    codes = adas_browser.get("/account/recovery-codes/").context["unused_codes"]
    assert len(codes) == 10
    first, second = Client(), Client()
    for browser in (first, second):
        sign_in(browser)
        browser.post("/login/code/", {"code": codes[0]})

    assert is_signed_in(first)
    assert not is_signed_in(second)


def test_secrets_of_factors_are_not_in_the_database_as_they_are(adas_browser, adas_secret):
    kept = {factor.type: factor.data for factor in Authenticator.objects.all()}

    assert adas_secret not in str(kept)
    assert SecondFactorAdapter().decrypt(kept["totp"]["secret"]) == adas_secret


def test_the_secret_key_can_be_replaced(adas_secret, settings):
    kept = Authenticator.objects.get(type="totp").data["secret"]
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another" + "0" * 50

    assert SecondFactorAdapter().decrypt(kept) == adas_secret


@pytest.mark.parametrize(
    "path", ["/account/app/", "/account/passkeys/new/", "/account/recovery-codes/new/", "/account/sso/disconnect/"]
)
def test_what_protects_the_account_is_changed_only_after_confirming_who_one_is(adas_browser, path: str):
    long_ago(adas_browser)

    assert adas_browser.get(path).get("Location").startswith(f"/account/confirm/?next={path.replace('/', '%2F')}")


def test_a_password_confirms_for_some_minutes(adas_browser):
    long_ago(adas_browser)
    page = adas_browser.post("/account/confirm/?next=/account/app/", {"password": "guess"})
    assert "This is not your password." in page.content.decode()
    response = adas_browser.post("/account/confirm/", {"password": PASSWORD, "next": "/account/app/"})

    assert response.get("Location") == "/account/app/"
    assert adas_browser.get("/account/app/").status_code == 200


def test_removing_the_last_factor_takes_the_recovery_codes_along(adas_browser, adas_secret):
    adas_browser.post("/account/app/remove/")

    assert not Authenticator.objects.exists()
    assert sign_in(Client()).get("Location") == "/"


@pytest.fixture(params=["everyone", "ada"])
def required(request, ada, settings):
    settings.REQUIRE_SECOND_FACTOR = request.param == "everyone"
    ada.second_factor_required = request.param == "ada"
    ada.save()


@pytest.mark.parametrize("path", ["/", "/zones/", "/admin/", "/account/", "/account/sessions/", "/account/password/"])
def test_who_needs_a_factor_and_has_none_gets_nowhere_else(ada, required, adas_browser, path: str):
    ada.is_staff = ada.is_superuser = True
    ada.save()

    response = adas_browser.get(path)
    assert response.get("Location") == "/account/second-factor/"
    assert "Set up a second factor" in adas_browser.get("/account/second-factor/").content.decode()


def test_who_needs_a_factor_sets_one_up_and_goes_on(required, adas_browser):
    set_up_app(adas_browser)

    assert adas_browser.get("/account/").status_code == 200
    assert adas_browser.get("/account/second-factor/").get("Location") == "/"


def test_the_api_refuses_such_a_session_and_takes_tokens(ada, required, adas_browser):
    team = Team.objects.create(name="ops")
    Membership.objects.create(user=ada, team=team, role="admin")
    _token, secret = create_token(ada, team, "ci")
    answer = adas_browser.get("/api/v1/regions")

    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    assert APIClient().get("/api/v1/regions", HTTP_AUTHORIZATION=f"Token {secret}").status_code == 200


def test_who_needs_none_is_not_asked(adas_browser):
    assert adas_browser.get("/account/").status_code == 200
