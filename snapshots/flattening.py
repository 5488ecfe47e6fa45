"""Which names outside our zones edges need addresses for (S13), and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from regions.models import Endpoint
from snapshots.models import FlattenedName
from zones.models import RecordSet, Zone

SHORTEST_S, LONGEST_S = 10, 3600
"""Bounds of the TTL that is believed: neither asked without pause, nor out of date for long."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The addresses of a name, sorted, and for how long they hold."""

    ipv4: list[str]
    ipv6: list[str]
    ttl_s: int


def wanted_names() -> set[str]:
    """Targets of ALIAS records and host names of endpoints, but for those inside our own zones."""
    aliases = RecordSet.objects.filter(type="ALIAS").values_list("rdatas", flat=True)
    targets = {rdatas[0].lower() for rdatas in aliases}
    targets |= {hostname for hostname in Endpoint.objects.values_list("hostname", flat=True).distinct() if hostname}
    origins = set(Zone.objects.values_list("origin", flat=True)) if targets else set()
    return {target for target in targets if not is_inside(target, origins)}


def is_inside(name: str, origins: set[str]) -> bool:
    """Whether a zone of ours answers for `name`."""
    labels = name.rstrip(".").split(".")
    return any(".".join(labels[start:]) + "." in origins for start in range(len(labels))) or "." in origins


def due_names(now: datetime) -> list[str]:
    """The names to look up now: new ones, and those whose addresses have had their time."""
    wanted = wanted_names()
    fresh = {
        known.name
        for known in FlattenedName.objects.filter(name__in=wanted)
        if known.resolved + timedelta(seconds=known.ttl_s) > now
    }
    return sorted(wanted - fresh)


def store(found: dict[str, Resolved], now: datetime) -> bool:
    """Keep what was found, and forget names that nothing needs any more. True: edges must be told.

    A name that could not be resolved is not in `found`: what is known of it stays.
    """
    forgotten, _ = FlattenedName.objects.exclude(name__in=wanted_names()).delete()
    before = {known.name: _content(known) for known in FlattenedName.objects.filter(name__in=found)}
    rows = [
        FlattenedName(name=name, ipv4=known.ipv4, ipv6=known.ipv6, ttl_s=known.ttl_s, resolved=now)
        for name, known in found.items()
    ]
    FlattenedName.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["name"], update_fields=["ipv4", "ipv6", "ttl_s", "resolved"]
    )
    return bool(forgotten) or any(before.get(row.name) != _content(row) for row in rows)


def _content(known: FlattenedName) -> tuple[list[str], list[str]]:
    return known.ipv4, known.ipv6
