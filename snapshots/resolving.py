"""Looks names up with this machine's resolver. Network only: no database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

import dns.asyncresolver
import dns.exception
import dns.resolver

from snapshots.flattening import LONGEST_S, SHORTEST_S, Resolved

LOOKUPS_AT_ONCE = 20
LIFETIME_S = 5.0

log = logging.getLogger(__name__)


def resolve(names: Iterable[str]) -> dict[str, Resolved]:
    """The addresses of each name that has any. One that fails is logged and left out."""
    try:
        resolver = dns.asyncresolver.Resolver()
    except dns.resolver.NoResolverConfiguration as error:
        log.error("no name is flattened: this machine has no resolver (%s)", error)
        return {}
    return asyncio.run(resolve_by(resolver, names))


async def resolve_by(resolver: dns.asyncresolver.Resolver, names: Iterable[str]) -> dict[str, Resolved]:
    """The same, by a resolver of choice."""
    places = asyncio.Semaphore(LOOKUPS_AT_ONCE)

    async def lookup(name: str) -> tuple[str, Resolved | None]:
        async with places:
            return name, await _addresses(resolver, name)

    found = await asyncio.gather(*(lookup(name) for name in names))
    return {name: resolved for name, resolved in found if resolved}


async def _addresses(resolver: dns.asyncresolver.Resolver, name: str) -> Resolved | None:
    try:
        ipv4, ipv6 = [await _lookup(resolver, name, type_) for type_ in ("A", "AAAA")]
    except dns.exception.DNSException as error:
        log.warning("%s keeps its known addresses: %s", name, error)
        return None
    if not ipv4 and not ipv6:
        log.warning("%s keeps its known addresses: it has none now", name)
        return None
    ttls = [answer.rrset.ttl for answer in (ipv4, ipv6) if answer is not None and answer.rrset is not None]
    return Resolved(_sorted(ipv4), _sorted(ipv6), max(SHORTEST_S, min(LONGEST_S, *ttls)))


async def _lookup(resolver: dns.asyncresolver.Resolver, name: str, type_: str) -> dns.resolver.Answer | None:
    try:
        return await resolver.resolve(name, type_, lifetime=LIFETIME_S)
    except dns.resolver.NoAnswer:
        return None


def _sorted(answer: dns.resolver.Answer | None) -> list[str]:
    return sorted(str(rdata) for rdata in answer or ())
