"""Client networks as numbers: IPv4 ones below IPv6 ones, each by address.

203.0.113.0/24   ──► the first 24 bits
2001:db8::/48    ──► the first 48 bits, and one above them
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import numpy as np
from numpy.typing import NDArray

from latency.arrays import Indices

IPV4_BITS, IPV6_BITS = 24, 48
IPV6 = 1 << IPV6_BITS


def key_of(network: str) -> int:
    """Of a /24 or /48. Raises ValueError for anything else."""
    match ip_network(network):
        case IPv4Network(prefixlen=24, network_address=first):
            return int(first) >> (32 - IPV4_BITS)
        case IPv6Network(prefixlen=48, network_address=first):
            return IPV6 | int(first) >> (128 - IPV6_BITS)
    raise ValueError(f"{network} is neither a /24 of IPv4 nor a /48 of IPv6")


def keys_of(addresses: NDArray[np.uint64]) -> Indices:
    """Of the first addresses of /24s, mapped into IPv6, and of /48s, in halves of 64 bits, (N, 2)."""
    high, low = addresses.T
    ipv4, ipv6 = (low & np.uint64(2**32 - 1)) >> np.uint64(32 - IPV4_BITS), high >> np.uint64(64 - IPV6_BITS)
    keys = np.where(low > 0, ipv4, ipv6 | np.uint64(IPV6))  # a /48 has nothing in its lower half
    return np.asarray(keys, dtype=np.int64)


def network_of(key: int) -> str:
    """What key_of() was given."""
    if key < IPV6:
        return f"{IPv4Address(key << (32 - IPV4_BITS))}/24"
    return f"{IPv6Address((key ^ IPV6) << (128 - IPV6_BITS))}/48"


def by_family(keys: Indices) -> tuple[Indices, Indices]:
    """Rising keys as the first bits of IPv4 and of IPv6 networks."""
    ipv6 = int(np.searchsorted(keys, IPV6))
    return keys[:ipv6], keys[ipv6:] ^ IPV6
