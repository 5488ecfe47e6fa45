"""Made-up clients to replay: networks spread evenly over the public IPv4 space, the same ones for the same number."""

from __future__ import annotations

import random
from functools import lru_cache
from ipaddress import IPv4Network

SEED = 7871
LAST_UNICAST = 223


@lru_cache(maxsize=4)
def sampled_clients(count: int) -> tuple[str, ...]:
    """`count` prefixes of 24 bits of public addresses; one may come up twice."""
    chance = random.Random(SEED)  # noqa: S311 - for a sample, no secret
    networks = (_network(chance) for _ in range(2 * count + 100))
    public = (str(network) for network in networks if network.is_global)
    return tuple(network for network, _ in zip(public, range(count), strict=False))


def _network(chance: random.Random) -> IPv4Network:
    return IPv4Network((chance.randrange(1 << 16, (LAST_UNICAST + 1) << 16) << 8, 24))
