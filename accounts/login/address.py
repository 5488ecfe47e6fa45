"""Where a sign-in comes from."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest

from common.proxies import address_behind

UNKNOWN = "0.0.0.0"  # noqa: S104 - said of a peer without an address, such as a Unix socket; not bound
PREFIX_LENGTHS = {4: 24, 6: 48}


def client_address(request: HttpRequest) -> str:
    """The address that a request comes from, behind the trusted proxies; UNKNOWN where they do not say."""
    peer, forwarded_for = request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", "")
    try:
        found = ipaddress.ip_address(address_behind(peer, forwarded_for, settings.TRUSTED_PROXIES))
    except ValueError:
        return UNKNOWN
    return str(getattr(found, "ipv4_mapped", None) or found)


def network_of(address: str) -> str:
    """The /24 or /48 of an address: whoever has one address there has its neighbours too."""
    found = ipaddress.ip_address(address)
    return str(ipaddress.ip_network((found, PREFIX_LENGTHS[found.version]), strict=False))
