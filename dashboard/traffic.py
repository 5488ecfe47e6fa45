"""What edges have answered of late, by policy and endpoint, against the weights that were declared."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from regions.models import Endpoint
from simulation.services import explain
from snapshots.fleet import published_generation
from steering.models import Binding, Policy
from telemetry.buckets import BUCKET_S
from telemetry.slices import OTHERS, Slice, Stepped, ends, stepped, totals

WINDOW = timedelta(minutes=15)
DRAWING_STEPS = ("weighted", "sticky")
NAMES = {0: "no endpoint", OTHERS: "others"}
MOST_APART = 12
"""More lines than that no chart tells apart: the others are one."""
ANY_CLIENT = "192.0.2.1"
"""Weights are the same for every client."""


@dataclass(frozen=True)
class EndpointTraffic:
    """`per_s` has one value a step. `share` is that of the slice; `configured` is None where no weight decides."""

    endpoint_id: int
    name: str
    per_s: list[float]
    share: float
    configured: float | None
    is_known: bool = True
    """False: it was deleted, or there was none to answer with."""


@dataclass(frozen=True)
class PolicyTraffic:
    """Endpoints are in the order of their ids, so that a chart keeps its colours."""

    policy: Policy
    endpoints: list[EndpointTraffic]
    total: int
    length: timedelta

    @property
    def per_s(self) -> float:
        """Answers a second over the whole slice."""
        return self.total / self.length.total_seconds()


def last_quarter_of_an_hour(now: datetime) -> Slice:
    """The whole buckets of the window, of all policies; the present one still fills."""
    return Slice.before(now, WINDOW, BUCKET_S)


def buckets_until(now: datetime) -> list[datetime]:
    """The buckets of the window."""
    return last_quarter_of_an_hour(now).steps


def queries_per_s(of: Slice) -> list[float]:
    """Answers a second of all nodes, one value a step."""
    found = totals(of)
    return [found.get(step, 0) / of.step_s for step in of.steps]


def policy_traffic(policies: Sequence[Policy], now: datetime, of: Slice | None = None) -> list[PolicyTraffic]:
    """The traffic of each policy in a slice (by default the window up to now), the busiest first."""
    of = replace(of or last_quarter_of_an_hour(now), policy_ids=[policy.id for policy in policies])
    weights = configured_weights(policies)
    apart = {key: _apart(counts, weights.get(key, {})) for key, counts in ends(of).items()}
    shares = _by_policy(stepped(of, set().union(*apart.values())))
    counted = {policy.id: _told_apart(shares.get(policy.id, []), apart.get(policy.id, set())) for policy in policies}
    names = _endpoint_names(counted.values(), weights.values())
    found = [_policy_traffic(policy, counted[policy.id], weights.get(policy.id, {}), names, of) for policy in policies]
    return sorted(found, key=lambda traffic: (-traffic.total, traffic.policy.name))


def configured_weights(policies: Iterable[Policy]) -> dict[int, dict[int, int]]:
    """Policy id to endpoint id to weight, of policies that draw by weight and are bound to a name.

    The responder says which weight holds: that of the member, the endpoint, the pool or the step.
    """
    generation = published_generation()
    if not generation:
        return {}
    drawing = Binding.objects.filter(policy__in=policies, policy__steps__kind__in=DRAWING_STEPS)
    bindings = drawing.select_related("policy", "record_set__zone").prefetch_related("policy__steps").distinct()
    return {binding.policy_id: _weights_of(binding, generation) for binding in bindings}


def _weights_of(binding: Binding, generation: int) -> dict[int, int]:
    step = next(step for step in binding.policy.steps.all() if step.kind in DRAWING_STEPS)
    default = step.options.get("weight", 1)
    record_set = binding.record_set
    name = record_set.zone.origin if record_set.name == "@" else f"{record_set.name}.{record_set.zone.origin}"
    said = _said_weights(generation, binding.policy_id, name, record_set.type)
    return {endpoint: default if weight is None else weight for endpoint, weight in said}


@lru_cache(maxsize=4096)
def _said_weights(_generation: int, policy_id: int, name: str, kind: str) -> tuple[tuple[int, int | None], ...]:
    """Endpoint ids and weights as the responder read them, the same for all of a generation."""
    for policy in explain(name, kind, ANY_CLIENT)["policies"]:
        if policy["id"] == policy_id:
            return tuple((candidate["endpoint"], candidate["weight"]) for candidate in policy["candidates"])
    return ()


def _apart(counts: Mapping[int, int], weights: Mapping[int, int]) -> set[int]:
    """The endpoints of a policy that are shown each for itself: all, or of many those that are answered most."""
    every = [*counts, *(key for key in weights if key not in counts)]
    return set(every if len(every) <= MOST_APART else every[: MOST_APART - 1])


def _told_apart(shares: Iterable[Stepped], apart: Collection[int]) -> list[Stepped]:
    """Another policy may tell an endpoint apart that this one does not."""
    return [share if share.endpoint_id in apart else replace(share, endpoint_id=OTHERS) for share in shares]


def _by_policy(shares: Iterable[Stepped]) -> dict[int, list[Stepped]]:
    found = defaultdict(list)
    for share in shares:
        found[share.policy_id].append(share)
    return found


def _endpoint_names(shares: Iterable[list[Stepped]], weights: Iterable[Mapping[int, int]]) -> dict[int, str]:
    seen = {share.endpoint_id for found in shares for share in found} | {key for found in weights for key in found}
    return dict(Endpoint.objects.filter(id__in=seen).values_list("id", "name"))


def _policy_traffic(
    policy: Policy, shares: list[Stepped], weights: Mapping[int, int], names: Mapping[int, str], of: Slice
) -> PolicyTraffic:
    total = sum(share.count for share in shares)
    counted: dict[int, Counter[datetime]] = defaultdict(Counter)
    for share in shares:
        counted[share.endpoint_id][share.at] += share.count
    shown = counted.keys() | (weights.keys() if len(weights) <= MOST_APART else set())
    endpoints = []
    for endpoint in sorted(shown, key=lambda key: (key == OTHERS, key)):
        counts = counted[endpoint]
        endpoints.append(
            EndpointTraffic(
                endpoint_id=endpoint,
                name=names.get(endpoint) or NAMES.get(endpoint, f"endpoint {endpoint}, deleted"),
                per_s=[counts.get(step, 0) / of.step_s for step in of.steps],
                share=sum(counts.values()) / total if total else 0.0,
                configured=None if endpoint == OTHERS else _configured(endpoint, weights),
                is_known=endpoint in names,
            )
        )
    return PolicyTraffic(policy, endpoints, total, of.until - of.since)


def _configured(endpoint: int, weights: Mapping[int, int]) -> float | None:
    total = sum(weights.values())
    return weights.get(endpoint, 0) / total if total else None
