"""What the database says of loads and of who asked: the facts that a plan rests on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from healthchecks.models import EndpointLoad
from healthchecks.services import drained, endpoint_states
from healthchecks.state import State
from latency.capacity.demand import Answered, Asked
from latency.capacity.rooms import Serving
from latency.intake import country_code
from regions.models import AdminState, Endpoint
from telemetry.buckets import BUCKET_S, NETWORK_BUCKET_S, bucket_of
from telemetry.services import demand, networks

MOST_NETWORKS = 10_000


def serving(now: datetime) -> list[Serving]:
    """Every endpoint, with its load if that is not too old."""
    is_open = _open_endpoints()
    loads = {load.endpoint_id: load for load in EndpointLoad.objects.filter(share__isnull=False)}
    return [
        _serving(endpoint, endpoint.id in is_open, _fresh(loads.get(endpoint.id), now))
        for endpoint in Endpoint.objects.order_by("id")
    ]


def open_regions() -> list[int]:
    """The ids of regions where some endpoint can serve, rising."""
    found = Endpoint.objects.filter(id__in=_open_endpoints()).values_list("region_id", flat=True)
    return sorted(set(found))


def asked(policy_ids: Collection[int], since: datetime, until: datetime) -> Asked:
    """Who asked, of whole buckets; `policy_ids` are those that go by the latency map."""
    region_of = dict(Endpoint.objects.values_list("id", "region_id"))
    since, until = bucket_of(since), bucket_of(until)
    seconds = max((until - since).total_seconds(), BUCKET_S)
    following: list[Answered] = []
    others: dict[int, float] = {}
    for row in demand(since, until):
        region_id = region_of.get(row.endpoint_id)
        if region_id is None:
            continue
        if row.policy_id in policy_ids:
            following.append(Answered(country_code(row.country), region_id, row.count / seconds))
        else:
            others[region_id] = others.get(region_id, 0.0) + row.count / seconds
    return Asked(following, others)


def network_rates(policy_ids: Collection[int], now: datetime) -> dict[int, float]:
    """Answers a second by AS number, within the present bucket of networks and the one before."""
    since = bucket_of(now, NETWORK_BUCKET_S) - timedelta(seconds=NETWORK_BUCKET_S)
    seconds = (now - since).total_seconds()
    found = networks(policy_ids, since, now, MOST_NETWORKS)
    return {network: count / seconds for network, count in found.items() if network}


def _fresh(load: EndpointLoad | None, now: datetime) -> EndpointLoad | None:
    is_fresh = load is not None and now - load.measured <= timedelta(seconds=load.max_age_s)
    return load if is_fresh else None


def _open_endpoints() -> set[int]:
    """Those that may be answered."""
    up = {state.endpoint_id for state in endpoint_states() if state.state is not State.DOWN}
    enabled = Endpoint.objects.filter(admin_state=AdminState.ENABLED).values_list("id", flat=True)
    return up.intersection(enabled) - drained()


def _serving(endpoint: Endpoint, is_open: bool, load: EndpointLoad | None) -> Serving:
    return Serving(
        endpoint.region_id,
        is_open,
        load.share if load else None,
        load.current if load else None,
        load.capacity if load else None,
        endpoint.cost,
    )
