"""Plans move the clients of policies that go by the latency map; those of others take room."""

from __future__ import annotations

from datetime import timedelta

import pytest

from healthchecks.services import LoadReport, report_load
from latency.capacity.services import Limits
from regions.models import EdgeNode, Region, Site
from snapshots.services import plan_capacity, publish
from steering.models import Policy
from telemetry.buckets import bucket_of
from telemetry.models import QueryCount
from tests.snapshots.declaring import declare_endpoint
from tests.snapshots.test_latency_feed import NOW, _nothing_learned, measure  # noqa: F401 - a fixture

LATER = NOW + timedelta(seconds=30)


@pytest.fixture
def fra(ops):
    return declare_endpoint(ops, "fra-1", "192.0.2.1")


@pytest.fixture
def iad(ops, fra):
    endpoint = declare_endpoint(ops, "iad-1", "192.0.2.2")
    region = Region.objects.create(team=ops, name="us", latitude=39.0, longitude=-77.5)
    endpoint.region = region
    endpoint.save()
    return endpoint


@pytest.fixture
def edge(ops):
    site = Site.objects.create(team=ops, name="site", latitude=50.1, longitude=8.7)
    return EdgeNode.objects.create(team=ops, name="edge", site=site, token_digest="x")


def answer(edge: EdgeNode, policy: Policy, endpoint, count: int) -> None:
    who = {"node": edge, "policy_id": policy.pk, "endpoint_id": endpoint.pk, "country": "US"}
    QueryCount.objects.create(bucket=bucket_of(NOW), rcode=0, count=count, **who)


def test_only_policies_that_go_by_the_map_have_clients_that_a_plan_moves(ops, fra, iad, edge):
    learned, plain = (Policy.objects.create(team=ops, name=name) for name in ("learned", "plain"))
    learned.steps.create(position=0, kind="latency")
    publish(NOW)
    measure(fra, 0)
    measure(fra, 5, client="8.8.4.0")
    answer(edge, learned, fra, 900)
    answer(edge, plain, fra, 300)
    report_load(fra, LoadReport(120, capacity=100), LATER)
    report_load(iad, LoadReport(10, capacity=100), LATER)

    made = plan_capacity(LATER, Limits(most_moved=1.0))

    assert (made.demand_per_s, made.movable_per_s) == (pytest.approx(4.33, abs=0.01), pytest.approx(2.7))
    (report,) = (report for report in made.regions if report["region"] == fra.region_id)
    assert (report["load"], report["fixed_per_s"]) == (1.2, pytest.approx(1.3)), "a tenth, and all of the plain policy"
