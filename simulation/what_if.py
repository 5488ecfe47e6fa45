"""What a change of a policy would do, before it is made: clients asked again in the world as it would be.

change ─► transaction { save, write the policy chunk, roll back } ─► snapshot beside the current one
clients ─► responder.replay(current, proposed), weighed by who really asks ─► simulation.report
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

import responder
from healthchecks.opened import opened
from healthchecks.services import current_health
from latency.opened import current as current_latencies
from regions.models import Endpoint
from simulation.report import Served, report
from snapshots.services import declared_policy_chunk, open_beside_current
from steering.models import Binding, Policy, Pool
from steering.services import save_policy
from telemetry.clients import sampled_clients
from telemetry.services import countries as countries_asking
from telemetry.services import networks as networks_asking
from zones.names import parse_absolute

SAMPLES = 100_000
MAX_SAMPLES = 1_000_000
RECENTLY = timedelta(days=1)
LATELY = timedelta(minutes=15)
MOST_NETWORKS = 100_000
WEIGHED_BY = {
    "addresses": "addresses",
    "countries": "queries of the last day",
    "networks": "queries of the last day by country and network",
}


@dataclass(frozen=True, slots=True)
class Change:
    """Pools and steps that a policy would have; None leaves what there is."""

    policy: Policy
    pools: Sequence[Pool] | None = None
    steps: Sequence[object] | None = None


def what_if(change: Change, now: datetime, samples: int = SAMPLES) -> dict[str, Any]:
    """The report of docs/simulation.md on a change that is not made.

    Raises ValidationError for a change that would be refused, snapshots.services.NothingPublishedError.
    """
    current, proposed = opened_beside_current(change, now)
    binding = bound(change.policy)
    zone, name, qtype = binding.record_set.zone, binding.record_set.name, binding.record_set.type
    asked = parse_absolute(name.replace("*", "any", 1), zone.origin)
    clients = list(sampled_clients(samples))
    latency = current_latencies.get()
    replay = responder.replay(
        current,
        proposed,
        opened(current_health()),
        asked,
        qtype,
        clients,
        countries=countries_asking(change.policy.pk, now - RECENTLY, now),
        networks=networks_asking([change.policy.pk], now - RECENTLY, now, MOST_NETWORKS),
        latency=latency,
        now_s=int(now.timestamp()),
    )
    return {
        "generation": current.generation,
        "policy": change.policy.name,
        "name": asked,
        "type": qtype,
        "clients": len(clients),
        "weighed_by": WEIGHED_BY[replay["weighed_by"]],
        "latency_sequence": latency.sequence or None,
        **report(replay, _served(replay), _queries_per_s(change.policy, now)),
    }


def opened_beside_current(change: Change, now: datetime) -> tuple[responder.Snapshot, responder.Snapshot]:
    """The newest generation, and the same with the change made. Nothing of it stays. Raises as `what_if`."""
    _policy, chunk = tried_chunk(change, now)
    with refused_as_steps():
        return open_beside_current(chunk)


def tried_chunk(change: Change, now: datetime) -> tuple[int, bytes]:
    """The policy's id and the policy chunk with the change made, both as if. Raises ValidationError.

    The change is written and rolled back. What is typed of the policy's own columns is part of it.
    """
    with transaction.atomic():
        policy = save_policy(copy(change.policy), pools=change.pools, steps=change.steps)
        chunk = declared_policy_chunk(now)
        transaction.set_rollback(True)
    return policy.pk, chunk


@contextmanager
def refused_as_steps() -> Iterator[None]:
    """What edges would refuse as a ValidationError of the steps."""
    try:
        yield
    except responder.SnapshotError as error:
        raise ValidationError({"steps": [f"Edges would refuse it: {error}"]}) from error


def bound(policy: Policy) -> Binding:
    """What the policy answers first. Raises ValidationError if that is nothing."""
    found = policy.bindings.select_related("record_set__zone").order_by("record_set__type", "pk").first()
    if found is None:
        raise ValidationError({"policy": [f"Policy {policy} answers no name: nobody would notice. Bind it first."]})
    return found


def _served(replay: responder.Replay) -> dict[int, Served]:
    ids = {endpoint for _country, *endpoints, _share in replay["moves"] for endpoint in endpoints}
    rows = Endpoint.objects.filter(pk__in=ids).values_list("pk", "name", "region__name", "capacity")
    return {pk: Served(name, region, capacity) for pk, name, region, capacity in rows}


def _queries_per_s(policy: Policy, now: datetime) -> float | None:
    asked = sum(countries_asking(policy.pk, now - LATELY, now).values())
    return asked / LATELY.total_seconds() if asked else None
