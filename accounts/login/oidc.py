"""The way to an OpenID Connect provider and back: authorization code with PKCE, state and nonce.

browser ── POST begin ──► state in the session ──► provider: who is it? ──► GET finish?code&state
                                                                                │
           userinfo, of the same subject ◄── ID token, checked ◄── token ◄──────┘

The nonce is a keyed digest of the state: bound to this sign-in, and nothing more to remember.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from allauth.utils import build_absolute_uri
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST
from requests import RequestException

from accounts.login.id_token import RefusedIdTokenError, checked_claims


class ProviderAdapter(OpenIDConnectOAuth2Adapter):
    """What allauth asks of the provider of this installation, with every claim checked."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request, settings.SINGLE_SIGN_ON_ID)

    @cached_property
    def openid_config(self) -> dict[str, Any]:
        """The provider's own description (OpenID Connect Discovery 1.0). Raises OAuth2Error, RequestException."""
        config = self.fetched(self.get_provider().server_url)
        if config.get("issuer", "").rstrip("/") != settings.OIDC_ISSUER:
            raise OAuth2Error("its description names another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not str(config.get(name, "")).startswith(("https://", "http://")):
                raise OAuth2Error(f"its description lacks {name}")
        return config

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        path = reverse("sso-finish")
        return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else build_absolute_uri(request, path)

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> SocialLogin:
        """Raises OAuth2Error, RequestException."""
        id_token = kwargs["response"].get("id_token")
        if not id_token:
            raise RefusedIdTokenError("it sent no ID token")
        claims = checked_claims(
            id_token,
            self.fetched(self.openid_config["jwks_uri"]),
            issuer=self.openid_config["issuer"],
            client_id=app.client_id,
            nonce=nonce_of(request.GET["state"]),
        )
        return self.get_provider().sociallogin_from_response(request, {"userinfo": self._completed(claims, token)})

    def fetched(self, url: str) -> dict[str, Any]:
        with get_adapter().get_requests_session() as session:
            response = session.get(url)
            response.raise_for_status()
            found = response.json()
        if not isinstance(found, dict):
            raise OAuth2Error("it answers something else than an object")
        return found

    def _completed(self, claims: dict[str, Any], token: SocialToken) -> dict[str, Any]:
        """With what the provider says of this subject beyond the ID token, where it says more."""
        if not self.openid_config.get("userinfo_endpoint"):
            return claims
        more = self._fetch_user_info(token.token)
        if more.get("sub") != claims["sub"]:
            raise RefusedIdTokenError("its user info is about someone else")
        return {**claims, **more}


@require_POST
def begin(request: HttpRequest) -> HttpResponseBase:
    """Send the browser to the provider. By a page and not by a redirect: forms may lead nowhere but to this server."""
    adapter = _adapter(request)
    provider = adapter.get_provider()
    try:
        url = _provider_url(request, adapter)
    except (OAuth2Error, RequestException) as error:
        refusal: HttpResponse = render_authentication_error(request, provider, exception=error)
        return refusal
    response = render(request, "socialaccount/onward.html", {"provider": provider, "url": url})
    response.headers["Refresh"] = f"0; url={url}"
    return response


@require_GET
def finish(request: HttpRequest) -> HttpResponse:
    """Where the provider sends the browser back to."""
    response: HttpResponse = OAuth2CallbackView.adapter_view(_adapter(request))(request)
    return response


def nonce_of(state: str) -> str:
    return salted_hmac("accounts.login.oidc.nonce", state, algorithm="sha256").hexdigest()


def _adapter(request: HttpRequest) -> ProviderAdapter:
    if not settings.OIDC_ISSUER:
        raise Http404("No provider for single sign-on is configured.")
    return ProviderAdapter(request)


def _provider_url(request: HttpRequest, adapter: ProviderAdapter) -> str:
    provider = adapter.get_provider()
    is_connecting = request.user.is_authenticated and "connect" in request.POST
    onward = request.POST.get(REDIRECT_FIELD_NAME, "")
    if not url_has_allowed_host_and_scheme(onward, {request.get_host()}, require_https=request.is_secure()):
        onward = ""
    proof = provider.get_pkce_params()
    client = adapter.get_client(request, provider.app)
    client.state = provider.stash_redirect_state(
        request,
        AuthProcess.CONNECT if is_connecting else AuthProcess.LOGIN,
        onward or None,
        None,
        pkce_code_verifier=proof.pop("code_verifier"),
    )
    prompt = {"prompt": "login"} if "again" in request.POST else {}  # who confirms shows it anew
    parameters = {**proof, **prompt, "nonce": nonce_of(client.state)}
    url: str = client.get_redirect_url(adapter.authorize_url, provider.get_scope(), parameters)
    return url
