"""Who acts in a request, as the journal has it: made here for both doors."""

from __future__ import annotations

import ipaddress
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest

from accounts.audit.actor import Actor
from accounts.models import ApiToken, User
from common.proxies import address_behind

MOST_ID = 64


def acting(request: HttpRequest, user: User, via: str, token: ApiToken | None = None) -> Actor:
    """The user of a request, with where it came from and the number it has in logs (X-Request-ID) or is given here."""
    said = request.headers.get("X-Request-ID", "")
    return Actor(
        user.get_username(),
        via,
        user=user,
        token=token.name if token else "",
        address=address_of(request),
        request_id=said if 0 < len(said) <= MOST_ID and said.isprintable() else uuid4().hex,
    )


def address_of(request: HttpRequest) -> str | None:
    """The client's, behind proxies that are trusted."""
    peer, forwarded_for = request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", "")
    try:
        return str(ipaddress.ip_address(address_behind(peer, forwarded_for, settings.TRUSTED_PROXIES)))
    except ValueError:
        return None
