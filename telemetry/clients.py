"""Made-up clients to replay: networks spread evenly over the public IPv4 space, the same ones for the same number."""

from __future__ import annotations

import random
from bisect import bisect_right
from functools import lru_cache
from ipaddress import IPv4Network

SEED = 7871

RESERVED = [
    IPv4Network(block)
    for block in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/3",
    )
]  # fmt: skip
"""Where no client on the Internet is: IANA's registry of special-purpose addresses, and what is not unicast."""

BOUNDS = [bound for block in RESERVED for bound in (int(block[0]) >> 8, (int(block[-1]) >> 8) + 1)]
"""Networks of 24 bits at which the reserved space begins and ends, in turns."""


@lru_cache(maxsize=2)
def sampled_clients(count: int) -> tuple[str, ...]:
    """`count` prefixes of 24 bits; one may come up twice."""
    chance = random.Random(SEED)  # noqa: S311 - for a sample, no secret
    networks: list[str] = []
    while len(networks) < count:
        number = chance.getrandbits(24)
        if bisect_right(BOUNDS, number) % 2 == 0:
            networks.append(f"{number >> 16}.{number >> 8 & 255}.{number & 255}.0/24")
    return tuple(networks)
