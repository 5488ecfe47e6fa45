"""Which share of recent queries a change moves to other endpoints, by the code that would serve them.

names that policies answer ─► responder.replay(before, after), weighed by who asked ─► moved share of all that asked
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import responder
from healthchecks.opened import opened
from healthchecks.services import current_health
from latency.opened import current as current_latencies
from telemetry.clients import sampled_clients
from telemetry.services import countries, networks, policies

RECENTLY = timedelta(hours=1)
CLIENTS = 2000
"""Enough to tell 30 % from 33; a thousand are replayed in some milliseconds."""
MOST_NAMES = 50
MOST_NETWORKS = 10_000

Steered = tuple[str, str, str, int]
"""Zone, owner, type and policy's id."""


@dataclass(frozen=True, slots=True)
class Moved:
    """`share` of `queries`, which are the steered ones of late. `rebound`: what another policy, or none, answers."""

    share: float
    queries: int
    rebound: frozenset[Steered]


@dataclass(frozen=True, slots=True)
class Way:
    """Clients of a country by the endpoint that they get now and then; 0: none. `share` of all steered queries."""

    country: str
    source: int
    target: int
    share: float


@dataclass(frozen=True, slots=True)
class _Asked:
    """A name, and how many queries it stands for."""

    steered: Steered
    queries: float


def moved(before: responder.Snapshot, after: responder.Snapshot, now: datetime, *, steps_changed: bool) -> Moved:
    """What becomes of who asked lately. Unless `steps_changed`, only of names that are bound otherwise than before."""
    asked = Counter(policies(now - RECENTLY, now))
    total = sum(asked.values())
    rebound = frozenset(before.steered) - frozenset(after.steered)
    if not total:
        return Moved(0.0, 0, rebound)
    found = ways(before, after, asked, now, steps_changed=steps_changed)
    return Moved(sum(way.share for way in found if way.source != way.target), total, rebound)


def ways(
    before: responder.Snapshot,
    after: responder.Snapshot,
    asked: Mapping[int, float],
    now: datetime,
    *,
    steps_changed: bool,
) -> Iterator[Way]:
    """From where to where clients go, of the names asked most. `asked`: queries by policy; names of one share them."""
    served, total = before.steered, sum(asked.values())
    rebound = frozenset(served) - frozenset(after.steered)
    names = sorted(_names(served, rebound, asked, steps_changed), key=lambda name: -name.queries)[:MOST_NAMES]
    for name in names:
        if name.queries:
            for country, source, target, share in _moves(before, after, name.steered, now):
                yield Way(country, source, target, share * name.queries / total)


def _names(
    served: list[Steered], rebound: frozenset[Steered], asked: Mapping[int, float], steps_changed: bool
) -> Iterator[_Asked]:
    """Rebound names one by one; of the others of a policy, which are all answered alike, one for all."""
    bound = Counter(steered[3] for steered in served)
    left = Counter(steered[3] for steered in served if steered not in rebound)
    for steered in served:
        policy = steered[3]
        each = asked.get(policy, 0) / bound[policy]
        if steered in rebound:
            yield _Asked(steered, each)
        elif steps_changed and left[policy]:
            yield _Asked(steered, each * left.pop(policy))


def _moves(
    before: responder.Snapshot, after: responder.Snapshot, steered: Steered, now: datetime
) -> Sequence[tuple[str, int, int, float]]:
    _origin, name, qtype, policy = steered
    since = now - RECENTLY
    return responder.replay(
        before,
        after,
        opened(current_health()),
        name.replace("*", "any", 1),
        qtype,
        sampled_clients(CLIENTS),
        countries=countries(policy, since, now),
        networks=networks([policy], since, now, MOST_NETWORKS),
        latency=current_latencies.get(),
        now_s=int(now.timestamp()),
    )["moves"]
