"""Who asks, where proxies stand in between."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def address_behind(peer: str, forwarded_for: str, proxies: Collection[Network]) -> str:
    """The client's address: the peer's, or where that is a trusted proxy, what the proxies say of theirs.

    `forwarded_for`: X-Forwarded-For, to which every proxy has added its own peer on the right. What stands left of the
    first address that is no proxy is the client's own word and not believed.
    """
    address = peer
    said = [part.strip() for part in forwarded_for.split(",") if part.strip()]
    while said and is_within(address, proxies):
        address = said.pop()
    return address


def is_within(address: str, networks: Collection[Network]) -> bool:
    """Whether `address`, which may be nonsense, is in one of `networks`."""
    if not networks:
        return False
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)
