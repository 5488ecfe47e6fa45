"""What is observed and published, read only."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from healthchecks.models import Assignment
from healthchecks.services import VantageChange, record_vantage_changes
from healthchecks.state import State
from regions.models import EdgeNode, Site
from snapshots.models import Refusal, Snapshot
from steering.models import Policy
from telemetry.models import NetworkCount, NodeReport, QueryCount
from zones.services import create_zone


@pytest.fixture
def edge_1(ops):
    site = Site.objects.create(team=ops, name="fra", latitude=50, longitude=8)
    return EdgeNode.objects.create(team=ops, name="edge-1", site=site, token_digest="x")


@pytest.fixture
def fra_1_down(api, eu, fra_1, fra_2):
    """fra-1 is down as eu sees it; fra-2 has been seen by nobody."""
    api.put("/api/v1/checks/web", {"kind": "http", "endpoints": ["fra-1", "fra-2"]})
    assignment = Assignment.objects.get(endpoint=fra_1)
    now = timezone.now()
    record_vantage_changes([VantageChange(assignment.pk, 4, eu.pk, State.DOWN, "connection refused", now)], now)


def test_health_is_told_of_every_endpoint(api, fra_1_down):
    told = {row["endpoint"]: row["states"] for row in api.get("/api/v1/health").json()["results"]}

    assert told["fra-1"][0].items() >= {"family": 4, "state": "down", "checked": True}.items()
    assert told["fra-2"][0]["state"] == "unknown"


def test_an_endpoint_without_a_check_counts_as_up(api, fra_1):
    (row,) = api.get("/api/v1/health").json()["results"]

    assert row["states"] == [{"family": 4, "state": "up", "since": None, "believed": "up", "checked": False}]


def test_health_by_vantage_says_what_each_saw(api, fra_1_down):
    (row,) = api.get("/api/v1/endpoints/fra-1/health").json()

    assert (row["check_name"], row["verdict"]) == ("web", "down")
    assert row["vantages"]["eu"].items() >= {"state": "down", "cause": "connection refused"}.items()


def test_transitions_are_listed_and_narrowed(api, rival_api, fra_1_down, refused):
    (transition,) = api.get("/api/v1/transitions?to_state=down").json()["results"]
    assert transition.items() >= {"endpoint": "fra-1", "check_name": "web", "votes": {"eu": "down"}}.items()

    assert api.get("/api/v1/transitions?endpoint=fra-2&to_state=down").json()["results"] == []
    assert rival_api.get("/api/v1/transitions").json()["results"] == []
    refused(api.get("/api/v1/transitions?to_state=asleep"), 400)


def test_status_before_anything_is_published(api):
    assert api.get("/api/v1/status").json() == {
        "generation": None,
        "published": None,
        "refusals": [],
        "nodes": [],
        "health": {"up": 0, "unknown": 0, "down": 0},
        "not_up": [],
        "vantages": [],
        "alarms": [],
        "forced": [],
    }


def test_status_tells_what_nodes_serve_and_what_is_wrong(api, fra_1_down, edge_1):
    Snapshot.objects.create(generation=7, manifest="{}", changes=[])
    create_zone(edge_1.team, "bad.test.", nameservers=["ns1.example.net."])
    Refusal.objects.create(part="zone bad.test.", reason="no SOA", candidate="x", since=timezone.now())
    NodeReport.objects.create(
        node=edge_1,
        boot_id=uuid.uuid4(),
        sequence=1,
        generation=6,
        health_sequence=2,
        version="1",
        queries=5,
        reported=timezone.now() - timedelta(seconds=30),
    )
    status = api.get("/api/v1/status").json()

    assert status["generation"] == 7
    assert status["refusals"][0]["part"] == "zone bad.test."
    (node,) = status["nodes"]
    assert node.items() >= {"name": "edge-1", "site": "fra", "generation": 6}.items()
    assert 30 <= node["age_s"] < 60
    assert status["health"] == {"up": 0, "unknown": 1, "down": 1}
    assert [(row["endpoint"], row["state"]) for row in status["not_up"]] == [("fra-1", "down"), ("fra-2", "unknown")]


def test_a_node_that_never_reported_is_listed_too(api, edge_1):
    (node,) = api.get("/api/v1/status").json()["nodes"]

    assert (node["name"], node["generation"], node["age_s"]) == ("edge-1", None, None)


def test_the_list_of_nodes_tells_how_each_is_and_a_single_one_what_is_declared(api, edge_1):
    (node,) = api.get("/api/v1/nodes").json()["results"]
    assert node["standing"].items() >= {"state": "never", "generation": None, "behind": None}.items()
    for generation in (1, 2, 3):
        Snapshot.objects.create(generation=generation, manifest="{}", changes=[])
    NodeReport.objects.create(
        node=edge_1,
        boot_id=uuid.uuid4(),
        sequence=1,
        generation=1,
        health_sequence=2,
        version="1",
        queries=5,
        reported=timezone.now(),
        feed="https://relay.test",
        relays=1,
    )

    (node,) = api.get("/api/v1/nodes").json()["results"]
    known = {"state": "behind", "generation": 1, "behind": 2, "feed": "https://relay.test", "relays": 1}
    assert node["standing"].items() >= known.items()
    assert "standing" not in api.get("/api/v1/nodes/edge-1").json()


NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def counted(ops, rivals, edge_1, fra_1):
    """Seven answers with fra-1 and one with a deleted endpoint, by www; some by a policy of others."""
    www = Policy.objects.create(team=ops, name="www")
    theirs = Policy.objects.create(team=rivals, name="www")
    for policy, endpoint, bucket, count, explored in [
        (www, fra_1.pk, NOON, 3, 0),
        (www, fra_1.pk, NOON + timedelta(seconds=10), 4, 2),
        (www, 0, NOON, 1, 0),
        (theirs, fra_1.pk, NOON, 9, 9),
    ]:
        answered = {"policy_id": policy.pk, "endpoint_id": endpoint, "rcode": 0, "count": count, "explored": explored}
        QueryCount.objects.create(bucket=bucket, node=edge_1, **answered)
    for policy, network, count in [(www, 3320, 2), (www, 64500, 6), (theirs, 3320, 9)]:
        NetworkCount.objects.create(bucket=NOON, node=edge_1, policy_id=policy.pk, network=network, count=count)


def test_traffic_is_split_by_policy_and_endpoint(api, counted):
    traffic = api.get("/api/v1/traffic?since=2026-11-21T12:00:00Z&until=2026-11-21T12:01:00Z").json()

    assert sorted(traffic["totals"], key=lambda share: share["count"]) == [
        {"policy": "www", "endpoint": None, "count": 1, "explored": 0},
        {"policy": "www", "endpoint": "fra-1", "count": 7, "explored": 2},
    ]
    assert len(traffic["series"]) == 3
    assert traffic["networks"] == [{"network": 64500, "count": 6}, {"network": 3320, "count": 2}]


def test_traffic_of_one_policy_is_of_that_policy_alone(api, counted):
    traffic = api.get("/api/v1/traffic?policy=www&since=2026-11-21T12:00:00Z&until=2026-11-21T12:01:00Z").json()

    assert sum(share["count"] for share in traffic["totals"]) == 8
    assert traffic["networks"] == [{"network": 64500, "count": 6}, {"network": 3320, "count": 2}]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("policy=gone", "policy"),
        ("since=yesterday", "since"),
        ("since=2026-11-21T12:00:00Z&until=2026-11-21T11:00:00Z", "since"),
        ("since=2020-01-01T00:00:00Z", "since"),
        ("until=0001-01-01T00:00:00Z", "until"),
    ],
)
def test_a_span_that_is_none_is_refused(api, refused, query, field):
    assert refused(api.get(f"/api/v1/traffic?{query}"), 400)["errors"][0]["field"] == field
