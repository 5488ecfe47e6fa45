"""Who may come by single sign-on: who came before, who an account was made for, others where that is allowed."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, _build_apps_from_settings
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts.login.events import Event, note
from accounts.login.id_token import RefusedIdTokenError
from accounts.models import User


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """The provider of the environment, and none of the database."""
        found = _build_apps_from_settings(provider=provider, client_id=client_id)
        return [app for apps in found.values() for app in apps]

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Whoever comes for the first time gets the account that was made for their address."""
        if not sociallogin.is_existing and request.user.is_anonymous:
            user = owner_of(verified_address(sociallogin))
            if user is not None:
                sociallogin.connect(request, user)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """An address that someone has already is not given an account of its own: it would be theirs twice."""
        is_taken = any(User.objects.filter(email__iexact=found.email).exists() for found in sociallogin.email_addresses)
        if not settings.OIDC_SIGNUP or is_taken:
            note(Event.PROVIDER_REFUSED, request, detail="nobody here has this account")
            return False
        return True

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: object) -> str:
        return reverse("account-security")

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: object,
        error: object = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Said in the log by kind: what a provider answers may hold secrets."""
        reason = str(exception) if isinstance(exception, RefusedIdTokenError) else type(exception).__name__
        note(Event.PROVIDER_REFUSED, request, detail=reason if exception else "state or code is missing or unknown")


def verified_address(sociallogin: SocialLogin) -> str:
    """The e-mail address that the provider has verified; empty: none."""
    return next((found.email for found in sociallogin.email_addresses if found.verified), "")


def owner_of(address: str) -> User | None:
    """The one active user with this e-mail address. None: nobody or several."""
    users = list(User.objects.filter(email__iexact=address, is_active=True)[:2]) if address else []
    return users[0] if len(users) == 1 else None


def ways_in(user: User) -> set[str]:
    """How `user` can sign in, other than with a second factor alone."""
    passkeys = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
    is_known = SocialAccount.objects.filter(user=user, provider=settings.SINGLE_SIGN_ON_ID).exists()
    ways = {
        "password": user.has_usable_password(),
        "passkey": any(passkey.wrap().is_passwordless for passkey in passkeys),
        "provider": is_known,
    }
    return {way for way, is_open in ways.items() if is_open}
