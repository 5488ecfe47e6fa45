"""Tokens of users and of what runs for them; which team someone acts for."""

from __future__ import annotations

import hashlib
import ipaddress
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from accounts.models import ApiToken, Team, User
from accounts.permissions import Scope

SECRET_BYTES = 32
START_OF_SECRETS = "tmgr_"
"""By which scanners of repositories and logs tell a secret of ours."""

SHOWN_CHARACTERS = 10
"""Of a secret: enough to tell it from others, too little to guess the rest."""

CHOSEN_TEAM = "team"
"""Where a session keeps the id of the team that its user has chosen to act for."""

USUAL_LIFETIME = timedelta(days=365)
LAST_USED_RESOLUTION = timedelta(minutes=1)


class TokenRefusedError(Exception):
    """A token that is known and cannot be used. Says why, and what helps."""


class TokenExpiredError(TokenRefusedError):
    """It was good for some time only."""


class TokenElsewhereError(TokenRefusedError):
    """It is used from where it may not be."""


def create_token(
    user: User,
    team: Team,
    name: str,
    *,
    secret: str | None = None,
    scope: Scope = Scope.ADMINISTER,
    only: Iterable[str] = (),
    networks: Iterable[str] = (),
    expires: datetime | None = None,
) -> tuple[ApiToken, str]:
    """A new token and its secret, which cannot be shown again.

    `secret`: one that was chosen beforehand. `only`: what it is limited to, of accounts.subjects; empty: nothing in
    particular. `networks`: address blocks it may be used from; empty: anywhere. `expires`: None: never. Raises
    ValidationError naming the field.
    """
    chosen = secret is not None
    secret = secret or START_OF_SECRETS + secrets.token_urlsafe(SECRET_BYTES)
    token = ApiToken(
        user=user,
        team=team,
        name=name,
        digest=token_digest(secret),
        start="" if chosen else secret[:SHOWN_CHARACTERS],
        scope=scope.value,
        only=list(only),
        networks=list(networks),
        expires=expires,
    )
    token.full_clean()
    token.save()
    return token, secret


def lifetime_end(wanted: datetime | None, now: datetime, max_days: int) -> datetime:
    """When a new token expires: as wanted, else in a year or in `max_days`. Raises ValidationError naming the field."""
    latest = now + timedelta(days=max_days)
    if wanted is None:
        return min(latest, now + USUAL_LIFETIME)
    if wanted <= now:
        raise ValidationError({"expires": "This is past already."})
    if wanted > latest:
        raise ValidationError({"expires": f"Tokens are good for {max_days} days at most: until {latest:%Y-%m-%d}."})
    return wanted


def find_token(secret: str, address: str, now: datetime) -> ApiToken | None:
    """The token with this secret, unless its user is disabled. `address`: where it is used from.

    Raises TokenExpiredError, TokenElsewhereError.
    """
    tokens = ApiToken.objects.select_related("user", "team")
    token = tokens.filter(digest=token_digest(secret), user__is_active=True).first()
    if token is not None:
        _require_usable(token, address, now)
    return token


def note_use(token: ApiToken, address: str, now: datetime) -> None:
    """Remember when and where the token was used, to the minute: a busy token is not written at each request."""
    long_ago = Q(last_used__isnull=True) | Q(last_used__lt=now - LAST_USED_RESOLUTION)
    ApiToken.objects.filter(long_ago, pk=token.pk).update(last_used=now, last_address=_read_address(address))


def token_digest(secret: str) -> str:
    """SHA-256 in hexadecimal: all that is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def team_of(user: User) -> Team | None:
    """The team that a signed-in user acts for: the one chosen if they may, else the one joined first."""
    if user.is_superuser and user.chosen_team_id is not None:
        return Team.objects.filter(pk=user.chosen_team_id).first() or _first_team(user)
    return _first_team(user)


def teams_of(user: User) -> QuerySet[Team]:
    """The teams that someone can act for: their own; an administrator of the installation all of them."""
    return Team.objects.all() if user.is_superuser else Team.objects.filter(memberships__user=user)


def _first_team(user: User) -> Team | None:
    chosen = Case(When(pk=user.chosen_team_id, then=Value(0)), default=Value(1), output_field=IntegerField())
    return Team.objects.filter(memberships__user=user).order_by(chosen, "memberships__id").first()


def _require_usable(token: ApiToken, address: str, now: datetime) -> None:
    if token.expires is not None and token.expires <= now:
        raise TokenExpiredError(
            f"The token {token.name} expired at {token.expires:%Y-%m-%d %H:%M} UTC: make another one."
        )
    if token.networks and not _is_within(address, token.networks):
        raise TokenElsewhereError(
            f"The token {token.name} may not be used from {address or 'an unknown address'}: "
            "an admin of its team makes one for other networks."
        )


def _is_within(address: str, networks: Iterable[str]) -> bool:
    read = _read_address(address)
    return read is not None and any(ipaddress.ip_address(read) in ipaddress.ip_network(block) for block in networks)


def _read_address(address: str) -> str | None:
    """The address as it is compared and kept: an IPv4 address is no IPv6 one, however a socket writes it."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = read.ipv4_mapped if isinstance(read, ipaddress.IPv6Address) else None
    return str(mapped or read)
