"""How allauth signs people in here: throttled, behind proxies, with nobody signing up, and every event said."""

from __future__ import annotations

import logging
import time
from smtplib import SMTPException
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from accounts.login.address import client_address, network_of
from accounts.login.events import Event, note
from accounts.login.groups import follow_provider
from accounts.login.sessions import end_other_sessions, note_seen
from accounts.login.throttle import Attempt, TooManyAttemptsError, attempt
from accounts.models import User

CHANGES = {
    "account/email/password_changed": Event.PASSWORD_CHANGED,
    "account/email/password_reset": Event.PASSWORD_CHANGED,
    "account/email/password_set": Event.PASSWORD_CHANGED,
    "mfa/email/recovery_codes_generated": Event.RECOVERY_CODES_MADE,
    "mfa/email/totp_activated": Event.SECOND_FACTOR_ADDED,
    "mfa/email/totp_deactivated": Event.SECOND_FACTOR_REMOVED,
    "mfa/email/webauthn_added": Event.SECOND_FACTOR_ADDED,
    "mfa/email/webauthn_removed": Event.SECOND_FACTOR_REMOVED,
    "socialaccount/email/account_connected": Event.PROVIDER_CONNECTED,
    "socialaccount/email/account_disconnected": Event.PROVIDER_DISCONNECTED,
}
"""What allauth tells a user by mail, by the template it tells it with."""

log = logging.getLogger(__name__)


class SignInAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": "Username and password do not match.",
        "incorrect_password": "This is not your password.",
        "enter_current_password": "This is not your present password.",
        "incorrect_code": "This code does not fit. A code is good for half a minute and works once.",
    }

    def is_open_for_signup(self, _request: HttpRequest) -> bool:
        """Accounts are made by administrators, or for who comes by single sign-on where that is allowed."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raises ValidationError where too many guesses were wrong."""
        self._attempt = throttled(request, str(credentials.get("username", "")))

    def _rollback_login_failed_rl_usage(self) -> None:
        """What allauth calls once a password was right."""
        self._attempt.was_right()

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        known = User.objects.filter(username=str(credentials.get("username", ""))).first()
        note(Event.SIGN_IN_REFUSED, request, known)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Who has just signed in need not prove it again."""
        return not signed_in_just_now(context.request) and super().is_reauthentication_required(app=app, **kwargs)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Who has neither password nor second factor goes to the provider once more."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if not methods and settings.OIDC_ISSUER and SocialAccount.objects.filter(user_id=user.pk).exists():
            methods = [{"id": "sso", "description": f"Use {settings.OIDC_NAME}", "url": reverse("account-confirm-sso")}]
        return methods

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        method = _last_method(request, user)
        if sociallogin := (kwargs.get("signal_kwargs") or {}).get("sociallogin"):
            follow_provider(request, user, sociallogin.account.extra_data)
        note_seen(request, user, timezone.now(), time.monotonic())
        note(Event.SIGNED_IN, request, user, f"by {method}")
        response: HttpResponse = super().post_login(request, user, **kwargs)
        return response

    def logout(self, request: HttpRequest) -> None:
        user = request.user
        note(Event.SIGNED_OUT, request, user if isinstance(user, User) else None)
        super().logout(request)

    def set_password(self, user: Any, password: str) -> None:
        """No other session outlives the password that it began with."""
        super().set_password(user, password)
        request = context.request
        end_other_sessions(user, request.session.session_key if request.user == user else None)

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """What changed on an account: noted, and told its owner where there is mail and an address."""
        if template_prefix in CHANGES:
            note(CHANGES[template_prefix], self.request, user)
        try:
            super().send_notification_mail(template_prefix, user, context, email or user.email)
        except (SMTPException, OSError) as error:
            log.warning("a notice about an account could not be sent: %s", error)


def throttled(request: HttpRequest, account: str) -> Attempt:
    """One attempt at the secrets of `account`. Raises ValidationError that says when to try again."""
    try:
        return attempt(account, network_of(client_address(request)), timezone.now())
    except TooManyAttemptsError as error:
        note(Event.THROTTLED, request, User.objects.filter(username=account).first())
        raise ValidationError(str(error), code="too_many_attempts") from error


def signed_in_just_now(request: HttpRequest) -> bool:
    """Whether the session began or was confirmed within the last minutes."""
    if not isinstance(request.user, User):
        return False
    records = get_authentication_records(request, request.user)
    return any(time.time() - record["at"] < app_settings.REAUTHENTICATION_TIMEOUT for record in records)


def _last_method(request: HttpRequest, user: User) -> str:
    records = get_authentication_records(request, user)
    return str(records[-1]["method"]) if records else "other means"
