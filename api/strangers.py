"""How often tokens that do not work may be tried, by the network that they come from.

token ─► worked of late? ─ yes ──────────────────► looked up
              └ no ─► room for its network? ─ yes ─► looked up ─► it does not work: counted
                              └ no ─► 429, and the database is not asked

A program that goes on with a token of yesterday, or a guesser, costs each web process so many look-ups and no more,
and shuts nobody out: tokens that worked are let in whoever else is in their network, or behind the same proxy.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable
from threading import Lock

from rest_framework.exceptions import Throttled

from accounts.services import token_digest
from common.rate_limit import RateLimit

FAILURES_PER_S, FAILURES_AT_ONCE = 1.0, 100
LENGTHS = {4: 32, 6: 64}
"""Of what one client has of addresses."""
MOST_KNOWN = 10_000
"""Tokens that are remembered to have worked: some 2 MB. Beyond, the one that was used first is forgotten."""
DETAIL = "Too many tokens that do not work came from this network. Check the token, and come again later."


class Strangers:
    """What one web process has seen. `clock`: seconds, of any clock that only moves forward."""

    def __init__(self, clock: Callable[[], float], per_s: float = FAILURES_PER_S, burst: int = FAILURES_AT_ONCE):
        self._clock = clock
        self._wait_s = math.ceil(1 / per_s)
        self._failures = RateLimit[str](per_s, burst)
        self._known: dict[str, None] = {}
        self._turn = Lock()  # views run in several threads

    def require_room(self, secret: str, address: str) -> None:
        """Raises Throttled, unless the secret worked of late or its network has not tried too many others."""
        with self._turn:
            if token_digest(secret) in self._known or self._failures.has_room(network_of(address), self._clock()):
                return
        raise Throttled(self._wait_s, DETAIL)

    def note(self, secret: str, address: str, *, works: bool) -> None:
        digest = token_digest(secret)
        with self._turn:
            self._known.pop(digest, None)
            if not works:
                self._failures.allows(network_of(address), self._clock())
                return
            self._known[digest] = None
            while len(self._known) > MOST_KNOWN:
                del self._known[next(iter(self._known))]


def network_of(address: str) -> str:
    """The addresses that one client has; of an address that is none, which a server was not told, itself."""
    try:
        client = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{client}/{LENGTHS[client.version]}", strict=False))
