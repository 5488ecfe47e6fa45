"""Which addresses belong to no public network."""

from __future__ import annotations

import ipaddress


def is_special(address: str) -> bool:
    """Whether an address, a zone after `%` or not, is private, loopback, link-local, multicast or otherwise special.

    An IPv4 address that is mapped into IPv6 is an IPv4 address. Raises ValueError for what is no address.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return not ip.is_global or ip.is_multicast
