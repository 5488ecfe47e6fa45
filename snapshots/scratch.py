"""A zone that no edge serves: one name for asking a policy that answers no name yet."""

from __future__ import annotations

from functools import cache

import dns.rdata
import dns.rdataclass

from snapshots.declared import DeclaredRecordSet, DeclaredZone

ORIGIN = "preview.invalid."
"""Nobody can own it (RFC 6761 section 6.4)."""
NAME = f"www.{ORIGIN}"
TYPES = ("A", "AAAA")
TTL_S = 30
NO_ID = 0


def scratch_zone(policy: int) -> DeclaredZone:
    """The zone, in which the policy with that id answers NAME for both families."""
    steered = [DeclaredRecordSet("www", type_, TTL_S, (), steered=True, policy=policy) for type_ in TYPES]
    return DeclaredZone(NO_ID, ORIGIN, 1, [*_apex(), *steered])


@cache
def _apex() -> tuple[DeclaredRecordSet, ...]:
    texts = {"SOA": f"ns1.{ORIGIN} hostmaster.{ORIGIN} 1 3600 600 604800 300", "NS": f"ns1.{ORIGIN}"}
    return tuple(
        DeclaredRecordSet("@", type_, TTL_S, (_wire(type_, text),), steered=False, policy=None)
        for type_, text in texts.items()
    )


def _wire(type_: str, text: str) -> bytes:
    return dns.rdata.from_text(dns.rdataclass.IN, type_, text).to_digestable()
