"""Who calls: the holder of an API token. (Browsers call with their session: REST framework's own.)"""

from __future__ import annotations

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.services import find_token, note_use

SCHEME = "Token"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token SECRET`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        token = find_token(secret.strip())
        if token is None:
            raise AuthenticationFailed("This token is not known, or its user is disabled.")
        note_use(token, timezone.now())
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return f'{SCHEME} realm="trafficmgr"'
