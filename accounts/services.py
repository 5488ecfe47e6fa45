"""Tokens of users and of what runs for them; which team someone acts for."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db.models import Q

from accounts.models import ApiToken, Team, User

SECRET_BYTES = 32
LAST_USED_RESOLUTION = timedelta(minutes=1)


def create_token(user: User, team: Team, name: str, *, secret: str | None = None) -> tuple[ApiToken, str]:
    """A new token and its secret, which cannot be shown again. `secret`: one that was chosen beforehand.

    Raises ValidationError naming the field.
    """
    secret = secret or secrets.token_urlsafe(SECRET_BYTES)
    token = ApiToken(user=user, team=team, name=name, digest=token_digest(secret))
    token.full_clean()
    token.save()
    return token, secret


def find_token(secret: str) -> ApiToken | None:
    """The token with this secret, unless its user is disabled."""
    tokens = ApiToken.objects.select_related("user", "team")
    return tokens.filter(digest=token_digest(secret), user__is_active=True).first()


def note_use(token: ApiToken, now: datetime) -> None:
    """Remember when the token was used, to the minute: a busy token is not written at each request."""
    long_ago = Q(last_used__isnull=True) | Q(last_used__lt=now - LAST_USED_RESOLUTION)
    ApiToken.objects.filter(long_ago, pk=token.pk).update(last_used=now)


def token_digest(secret: str) -> str:
    """SHA-256 in hexadecimal: all that is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def team_of(user: User) -> Team | None:
    """The team that a signed-in user acts for: the one joined first."""
    return Team.objects.filter(memberships__user=user).order_by("memberships__id").first()
