"""Second factors: who must have one, how their secrets are kept, and as whose site passkeys are made."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlsplit

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from accounts.login.groups import SECOND_FACTOR_KEY
from accounts.models import User

PRODUCT = "trafficmgr"
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": "This code does not fit. A code is good for half a minute and works once.",
        "cannot_generate_recovery_codes": "Set up an authenticator app or a passkey first.",
    }

    def encrypt(self, text: str) -> str:
        """Who reads the database alone can sign in as nobody."""
        return _keys().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _keys().decrypt(encrypted_text.encode()).decode()

    def get_totp_issuer(self) -> str:
        return f"{PRODUCT} ({_host()})"

    def get_totp_label(self, user: Any) -> str:
        return str(user.get_username())

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": _host(), "name": PRODUCT}

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:  # noqa: A002 - allauth's
        return f"Passkey {Authenticator.objects.filter(user=user, type=type).count() + 1}"


def lacks_second_factor(request: HttpRequest, user: User) -> bool:
    """Whether `user` must have a second factor and has none, neither here nor at the provider of this sign-in."""
    if not (settings.REQUIRE_SECOND_FACTOR or user.second_factor_required):
        return False
    return not request.session.get(SECOND_FACTOR_KEY) and not is_mfa_enabled(user, FACTORS)


def _host() -> str:
    """The host that browsers know this installation by, without a port."""
    if settings.PUBLIC_URL:
        return urlsplit(settings.PUBLIC_URL).hostname or ""
    return str(urlsplit(f"//{context.request.get_host()}").hostname)


def _keys() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key_of(secret)) for secret in secrets])


def _key_of(secret: str | bytes) -> bytes:
    digest = salted_hmac("accounts.login.second_factor", "", secret=secret, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(digest)
