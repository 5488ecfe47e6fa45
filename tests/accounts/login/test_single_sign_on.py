"""Single sign-on against a provider of its own: who gets in, and every token that does not hold is refused."""

from __future__ import annotations

import hashlib
import logging
import time
import urllib.error
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount, SocialToken
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from accounts.login.groups import follow_groups
from accounts.models import Membership, Team, User
from accounts.services import create_token
from tests.accounts.login.conftest import code_of, is_signed_in, long_ago, set_up_app, sign_in
from tests.accounts.login.provider import CLIENT_ID, CLIENT_SECRET, Provider, running_provider


@pytest.fixture
def provider():
    with running_provider() as provider:
        yield provider


@pytest.fixture(autouse=True)
def configured(provider, settings):
    app = {
        "provider_id": f"sso-{hashlib.sha256(provider.issuer.encode()).hexdigest()[:16]}",
        "name": "Example Corp",
        "client_id": CLIENT_ID,
        "secret": CLIENT_SECRET,
        "settings": {"server_url": provider.issuer},
    }
    settings.OIDC_ISSUER, settings.OIDC_NAME = provider.issuer, "Example Corp"
    settings.SINGLE_SIGN_ON_ID = app["provider_id"]
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}


def authorization_url(browser: Client, **form: str) -> str:
    """Where the first page sends the browser."""
    page = browser.post("/login/sso/", form)
    assert page.status_code == 200
    return page["Refresh"].removeprefix("0; url=")


def callback_url(url: str) -> str:
    """Where the provider sends the browser back to, once it has signed someone in."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.build_opener(Stay).open(url, timeout=30)
    with answer.value:
        back = urlsplit(answer.value.headers["Location"])
    return f"{back.path}?{back.query}"


def come_by_provider(browser: Client, **form: str):
    return browser.get(callback_url(authorization_url(browser, **form)))


def test_who_an_account_was_made_for_is_signed_in_and_keeps_the_password(ada, anyone):
    assert "Sign in with Example Corp" in anyone.get("/login/").content.decode()
    assert come_by_provider(anyone, next="/account/").get("Location") == "/account/"

    assert is_signed_in(anyone)
    assert SocialAccount.objects.get().user == ada
    assert sign_in(Client()).status_code == 302


def test_the_provider_is_asked_with_state_nonce_and_proof(ada, anyone):
    asked = {name: values[0] for name, values in parse_qs(urlsplit(authorization_url(anyone)).query).items()}

    assert set(asked["scope"].split()) == {"openid", "profile", "email"}
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert min(len(asked["state"]), len(asked["nonce"]), len(asked["code_challenge"])) >= 16


def test_nobody_is_sent_anywhere_by_a_link(anyone):
    assert anyone.get("/login/sso/").status_code == 405


def test_no_token_of_the_provider_is_kept(ada, anyone):
    come_by_provider(anyone)

    assert not SocialToken.objects.exists()


def test_who_came_once_is_known_by_subject_whatever_the_address_is_now(ada, anyone, provider):
    come_by_provider(anyone)
    provider.claims["email"] = "lovelace@example.com"
    again = Client()
    come_by_provider(again)

    assert is_signed_in(again)
    assert User.objects.count() == 1


def test_an_address_that_the_provider_has_not_verified_opens_nothing(ada, anyone, provider):
    provider.claims["email_verified"] = False
    page = come_by_provider(anyone)

    assert "You have no account here" in page.content.decode()
    assert not is_signed_in(anyone)


def test_a_stranger_gets_an_account_only_where_that_is_allowed(db, anyone, settings):
    assert "You have no account here" in come_by_provider(anyone).content.decode()
    assert not User.objects.exists()

    settings.OIDC_SIGNUP = True
    come_by_provider(anyone)
    assert is_signed_in(anyone)
    user = User.objects.get()
    assert (user.email, user.has_usable_password(), user.is_staff) == ("ada@example.com", False, False)
    assert not user.teams.exists()


def test_a_stranger_does_not_get_the_account_of_whoever_has_the_same_address(ada, anyone, provider, settings):
    settings.OIDC_SIGNUP = True
    provider.claims["email_verified"] = False
    come_by_provider(anyone)

    assert not is_signed_in(anyone)
    assert User.objects.count() == 1


def test_an_account_that_is_switched_off_stays_so(ada, anyone):
    come_by_provider(anyone)
    User.objects.update(is_active=False)
    again = Client()

    assert come_by_provider(again).get("Location") == "/login/inactive/"
    assert not is_signed_in(again)


def expired(claims):
    return claims | {"iat": int(time.time()) - 900, "exp": int(time.time()) - 600}


def without(name: str):
    return lambda claims: {key: value for key, value in claims.items() if key != name}


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda claims: claims | {"nonce": "another"}, id="another nonce"),
        pytest.param(without("nonce"), id="no nonce"),
        pytest.param(lambda claims: claims | {"aud": "another-client"}, id="another audience"),
        pytest.param(lambda claims: claims | {"aud": [CLIENT_ID, "b"], "azp": "b"}, id="issued to another"),
        pytest.param(lambda claims: claims | {"iss": "https://evil.example"}, id="another issuer"),
        pytest.param(expired, id="expired"),
        pytest.param(without("exp"), id="no end"),
        pytest.param(without("sub"), id="no subject"),
    ],
)
def test_a_token_that_is_not_of_this_sign_in_is_refused(ada, anyone, provider, caplog, alter):
    provider.altered = alter
    with caplog.at_level(logging.INFO):
        response = come_by_provider(anyone)

    assert response.status_code == 401
    assert "Example Corp did not work" in response.content.decode()
    assert not is_signed_in(anyone)
    assert "single sign-on refused" in caplog.text
    assert CLIENT_SECRET not in caplog.text


def unknown_key(provider: Provider) -> None:
    provider.key_id = "key-2"


def stolen_name_of_a_key(provider: Provider) -> None:
    provider.signing_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def unsigned(provider: Provider) -> None:
    provider.signing_key, provider.algorithm = None, "none"


def signed_with_what_is_public(provider: Provider) -> None:
    provider.signing_key, provider.algorithm = "not a public key, but as good for this", "HS256"


@pytest.mark.parametrize("forge", [unknown_key, stolen_name_of_a_key, unsigned, signed_with_what_is_public])
def test_a_token_that_the_provider_has_not_signed_is_refused(ada, anyone, provider, forge):
    forge(provider)

    assert come_by_provider(anyone).status_code == 401
    assert not is_signed_in(anyone)


def test_user_info_about_someone_else_is_refused(ada, anyone, provider):
    provider.about = lambda claims: claims | {"sub": "someone else"}

    assert come_by_provider(anyone).status_code == 401


def test_a_description_that_names_another_issuer_is_refused(ada, anyone, provider):
    provider.published_issuer = "https://evil.example"

    assert anyone.post("/login/sso/").status_code == 401


def test_a_callback_without_the_state_of_this_browser_is_refused(ada, anyone):
    back = callback_url(authorization_url(anyone))
    other = Client()
    assert other.get(back).status_code == 401, "a code that someone else plants"
    assert anyone.get(back.replace("state=", "state=x")).status_code == 401
    assert not is_signed_in(other)

    anyone.get(back)
    assert is_signed_in(anyone)
    assert anyone.get(back).status_code == 401, "a state is good once"


def test_a_provider_that_is_gone_is_said_and_the_password_still_works(ada, anyone, settings):
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"] = {"server_url": "http://127.0.0.1:1"}

    assert "did not work" in anyone.post("/login/sso/").content.decode()
    assert sign_in(anyone).status_code == 302


def test_groups_of_the_provider_become_teams(ada, anyone, provider, settings):
    settings.OIDC_TEAMS = {"dns-admins": "ops", "net": "network"}
    ops, network, other = (Team.objects.create(name=name) for name in ("ops", "network", "other"))
    Membership.objects.create(user=ada, team=other)
    provider.claims["groups"] = ["dns-admins", "everybody"]
    come_by_provider(anyone)
    assert set(ada.teams.all()) == {ops, other}

    provider.claims["groups"] = ["net"]
    come_by_provider(Client())
    assert set(ada.teams.all()) == {network, other}, "what no group stands for is left"


def test_a_group_can_stand_for_a_role_and_who_is_new_without_one_is_a_viewer(ada):
    ops, network = (Team.objects.create(name=name) for name in ("ops", "network"))
    teams = {"dns": "ops:publisher", "dns-admins": "ops:admin", "net": "network"}
    follow_groups(ada, {"dns", "dns-admins", "net"}, teams)
    assert dict(ada.memberships.values_list("team", "role")) == {ops.pk: "admin", network.pk: "viewer"}

    follow_groups(ada, {"dns", "net"}, teams)
    assert ada.memberships.get(team=ops).role == "publisher"


def test_tokens_end_with_the_group_that_made_someone_a_member(ada):
    ops = Team.objects.create(name="ops")
    follow_groups(ada, {"dns"}, {"dns": "ops"})
    create_token(ada, ops, "laptop")

    follow_groups(ada, set(), {"dns": "ops"})
    follow_groups(ada, {"dns"}, {"dns": "ops"})

    assert not ada.api_tokens.exists()


@pytest.mark.django_db
def test_a_group_of_a_team_that_does_not_exist_makes_none(ada):
    follow_groups(ada, {"net"}, {"net": "missing"})

    assert not Team.objects.exists()


def test_a_second_factor_at_the_provider_counts_as_one(ada, anyone, provider, settings):
    settings.REQUIRE_SECOND_FACTOR = True
    come_by_provider(anyone)
    assert anyone.get("/").get("Location") == "/account/second-factor/"

    provider.claims["amr"] = ["pwd", "mfa"]
    again = Client()
    come_by_provider(again)
    assert is_signed_in(again)


def test_a_second_factor_of_ours_is_asked_for_all_the_same(ada, anyone, adas_browser):
    secret = set_up_app(adas_browser)
    assert come_by_provider(anyone).get("Location") == "/login/code/"
    anyone.post("/login/code/", {"code": code_of(secret)})

    assert is_signed_in(anyone)


def test_an_account_is_connected_and_disconnected(ada, adas_browser, provider):
    provider.claims["email"] = "lovelace@home.example"
    assert come_by_provider(adas_browser, connect="1").get("Location") == "/account/"
    assert SocialAccount.objects.get().user == ada

    adas_browser.post("/account/sso/disconnect/")
    assert not SocialAccount.objects.exists()


def test_nobody_disconnects_their_last_way_in(ada, anyone):
    come_by_provider(anyone)
    ada.set_unusable_password()
    ada.save()
    again = Client()
    come_by_provider(again)
    page = again.post("/account/sso/disconnect/", follow=True)

    assert "You could not sign in any more" in page.content.decode()
    assert SocialAccount.objects.exists()


def test_who_has_only_the_provider_confirms_there(ada, anyone, provider):
    ada.set_unusable_password()
    ada.save()
    come_by_provider(anyone)
    long_ago(anyone)
    assert anyone.get("/account/app/").get("Location") == "/account/confirm/sso/?next=%2Faccount%2Fapp%2F"
    url = authorization_url(anyone, again="1", next="/account/app/")
    assert "prompt=login" in url

    assert anyone.get(callback_url(url)).get("Location") == "/account/app/"
    assert anyone.get("/account/app/").status_code == 200


def test_without_a_provider_there_is_no_such_door(anyone, settings):
    settings.OIDC_ISSUER = ""

    assert "Example Corp" not in anyone.get("/login/").content.decode()
    assert anyone.post("/login/sso/").status_code == 404
    assert anyone.get("/login/sso/callback/").status_code == 404
