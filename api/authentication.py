"""Who calls: the holder of an API token. (Browsers call with their session: REST framework's own.)"""

from __future__ import annotations

import time

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.services import TokenElsewhereError, TokenExpiredError, find_token, note_use
from api.strangers import Strangers
from common.proxies import address_behind

SCHEME = "Token"

strangers = Strangers(time.monotonic)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token SECRET`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        token = token_shown(secret.strip(), caller_address(request))
        if token is None:
            raise AuthenticationFailed("This token is not known, or its user is disabled.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return f'{SCHEME} realm="trafficmgr"'


def token_shown(secret: str, address: str) -> ApiToken | None:
    """The token with this secret, whose use from `address` is noted; None: there is none.

    Raises AuthenticationFailed for one that expired, PermissionDenied for one that may not be used from there,
    Throttled where too many came from its network that do not work.
    """
    strangers.require_room(secret, address)
    now = timezone.now()
    try:
        token = find_token(secret, address, now)
    except TokenExpiredError as error:
        strangers.note(secret, address, works=False)
        raise AuthenticationFailed(str(error)) from error
    except TokenElsewhereError as error:
        strangers.note(secret, address, works=False)
        raise PermissionDenied(str(error)) from error
    strangers.note(secret, address, works=token is not None)
    if token is not None:
        note_use(token, address, now)
    return token


def caller_address(request: HttpRequest | Request) -> str:
    """Where a request comes from, by the proxies that are trusted; empty where the server was not told."""
    peer, forwarded_for = request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", "")
    return address_behind(peer, forwarded_for, settings.TRUSTED_PROXIES)
