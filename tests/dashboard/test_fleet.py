"""The fleet page: whoever needs looking at first, and what the newest generations are made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from regions.models import EdgeNode, Site
from regions.services import create_node_token
from snapshots.fleet import Published, edges_of, tally, worst_first
from snapshots.models import Snapshot
from telemetry.models import NodeReport, QueryCount
from telemetry.report import Condition, Report
from telemetry.services import record_report
from zones.services import create_zone

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


@pytest.fixture
def generations(db):
    """Four generations, a minute apart, the newest a minute ago."""
    for number in range(1, 5):
        changes = [f"zone demo.test. serial {number}"]
        Snapshot.objects.create(generation=number, manifest="{}", changes=changes, fetched_octets=2048 * number)
        Snapshot.objects.filter(generation=number).update(created=NOW - timedelta(minutes=5 - number))


@pytest.fixture
def fra(ops):
    return Site.objects.create(team=ops, name="fra", latitude=50.1, longitude=8.7)


def node_at(site: Site, name: str) -> EdgeNode:
    node = EdgeNode(team=site.team, site=site, name=name)
    create_node_token(node)
    return node


def report_of(generation: int, **fields) -> Report:
    known: dict[str, Any] = {
        "boot_id": uuid4(),
        "sequence": 1,
        "health_sequence": 9,
        "version": "0.1.0",
        "queries": 3,
        "answers": [],
    }
    return Report(generation=generation, **(known | fields))


def the_fleet(site: Site) -> None:
    """One edge of each state."""
    record_report(node_at(site, "well"), report_of(4), NOW)
    record_report(node_at(site, "late"), report_of(2), NOW)
    record_report(node_at(site, "gone"), report_of(1), NOW - timedelta(minutes=2))
    node_at(site, "new")


def test_those_that_need_looking_at_come_first(generations, fra):
    the_fleet(fra)
    edges = worst_first(edges_of(EdgeNode.objects.all(), NOW))

    assert [(edge.node.name, edge.state, edge.behind, edge.behind_s) for edge in edges] == [
        ("gone", "silent", 3, 180.0),
        ("late", "behind", 2, 120.0),
        ("new", "never", None, None),
        ("well", "current", 0, 0.0),
    ]
    assert tally(edges) == {"silent": 1, "behind": 1, "never": 1, "current": 1}


def test_what_is_behind_all_that_is_kept_is_at_least_as_far_behind_as_that():
    kept = Published([7, 9], [NOW - timedelta(seconds=20), NOW - timedelta(seconds=5)])
    assert kept.lag(1, NOW) == (2, 20.0)
    assert kept.lag(8, NOW) == (1, 5.0)
    assert kept.lag(9, NOW) == (0, 0.0)
    assert Published([], []).lag(0, NOW) == (0, 0.0)


def test_an_edge_is_as_busy_as_it_was_over_the_last_whole_buckets(generations, fra):
    node = node_at(fra, "busy")
    for seconds, count in ((5, 1000), (15, 150), (25, 90), (35, 60), (45, 7000)):
        QueryCount.objects.create(
            bucket=NOW - timedelta(seconds=seconds + 5), node=node, policy_id=0, endpoint_id=0, rcode=0, count=count
        )
    [edge] = edges_of(EdgeNode.objects.all(), NOW + timedelta(seconds=5))
    assert edge.per_s == pytest.approx((1000 + 150 + 90) / 30)


def test_the_age_of_health_is_that_at_the_report_and_the_time_since(generations, fra):
    condition = Condition(uptime_s=3600.0, health_age_s=1.5, feed="https://relay.test", relays=1)
    record_report(node_at(fra, "well"), report_of(4, condition=condition), NOW - timedelta(seconds=2))
    [edge] = edges_of(EdgeNode.objects.all(), NOW)

    assert (edge.health_age_s, edge.age_s) == (3.5, 2.0)
    told = NodeReport.objects.get()
    assert (told.uptime_s, told.feed, told.relays) == (3600.0, "https://relay.test", 1)


def test_an_edge_of_the_release_before_says_nothing_of_how_it_is(generations, fra):
    record_report(node_at(fra, "old"), report_of(4), NOW)
    [edge] = edges_of(EdgeNode.objects.all(), NOW)

    assert (edge.state, edge.health_age_s, edge.report.feed, edge.report.relays) == ("current", None, "", None)


def test_the_page_shows_edges_and_what_generations_changed_and_weigh(adas_browser, ops, generations, fra):
    the_fleet(fra)
    create_zone(ops, "demo.test.")
    page = adas_browser.get("/fleet/").content.decode()

    for said in ("gone", "late", "new", "well", "zone demo.test. serial 4", "8.0\xa0KB"):
        assert said in page


def test_nobody_sees_the_edges_of_others(bobs_browser, generations, fra):
    the_fleet(fra)
    page = bobs_browser.get("/fleet/").content.decode()

    assert "well" not in page
    assert "demo.test." not in page


def test_a_fleet_without_edges_says_what_to_do(adas_browser):
    assert "/nodes/new/" in adas_browser.get("/fleet/").content.decode()
