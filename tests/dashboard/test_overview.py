"""What the overview says: traffic against weights, the map, and what changes live."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import User
from dashboard import live
from dashboard.live import changes, event, fragments_of
from dashboard.overview import Overview, read_overview
from dashboard.scope import read_scope
from dashboard.traffic import policy_traffic
from healthchecks.models import Assignment
from healthchecks.services import VantageChange, force, record_vantage_changes
from healthchecks.state import State
from regions.models import EdgeNode, Endpoint, Region, Site
from regions.services import create_node_token
from snapshots.fleet import edges_of
from snapshots.models import Snapshot
from steering.models import Policy
from telemetry.buckets import bucket_of
from telemetry.models import NodeReport, QueryCount

NOW = datetime(2026, 11, 21, 12, 0, 5, tzinfo=UTC)


@pytest.fixture
def node(demo):
    site = Site.objects.create(team=demo, name="fra", latitude=50, longitude=8)
    node = EdgeNode(team=demo, site=site, name="edge-1")
    create_node_token(node)
    return node


@pytest.fixture
def carol(carols_browser, demo):
    return demo.users.get()


def count(node: EdgeNode, policy: str, endpoint: str, answers: int, ago_s: int = 20) -> None:
    QueryCount.objects.create(
        bucket=bucket_of(NOW - timedelta(seconds=ago_s)),
        node=node,
        policy_id=Policy.objects.get(name=policy).id,
        endpoint_id=Endpoint.objects.get(name=endpoint).id,
        country="DE",
        rcode=0,
        count=answers,
    )


def overview_of(user: User, **query: str) -> Overview:
    return read_overview(user, NOW, read_scope(query, user))


def report(node: EdgeNode, generation: int, ago_s: int) -> None:
    NodeReport.objects.create(
        node=node,
        boot_id="6f1c0000-0000-4000-8000-000000000000",
        sequence=1,
        generation=generation,
        health_sequence=1,
        version="1",
        queries=1,
        reported=NOW - timedelta(seconds=ago_s),
    )


def test_traffic_is_shown_against_the_weights_that_were_declared(node):
    for endpoint, answers in {"fra-2": 60, "iad-2": 40}.items():
        count(node, "cdn", endpoint, answers)
    [cdn] = policy_traffic([Policy.objects.get(name="cdn")], NOW)

    shares = {found.name: (found.share, found.configured) for found in cdn.endpoints}
    assert shares == {"fra-2": (0.6, 0.7), "iad-2": (0.4, 0.2), "sin-2": (0.0, 0.1)}


def test_a_policy_that_draws_by_no_weight_has_none_to_compare_with(node):
    count(node, "www", "fra-1", 10)
    [www] = policy_traffic([Policy.objects.get(name="www")], NOW)

    assert [(found.name, found.configured) for found in www.endpoints] == [("fra-1", None)]


def test_the_bucket_that_still_fills_is_left_out(node):
    count(node, "www", "fra-1", 10, ago_s=0)
    [www] = policy_traffic([Policy.objects.get(name="www")], NOW)

    assert www.total == 0


def test_traffic_of_an_endpoint_that_is_gone_is_still_told(node):
    count(node, "www", "fra-1", 10)
    QueryCount.objects.update(endpoint_id=4711)
    [www] = policy_traffic([Policy.objects.get(name="www")], NOW)

    assert [found.name for found in www.endpoints] == ["endpoint 4711, deleted"]


@pytest.mark.parametrize(
    ("behind", "ago_s", "state"), [(0, 1, "current"), (1, 1, "behind"), (0, 60, "silent"), (None, 0, "never")]
)
def test_an_edge_is_as_its_last_report_says(node, behind, ago_s, state):
    if behind is not None:
        report(node, Snapshot.objects.first().generation - behind, ago_s)
    [edge] = edges_of(EdgeNode.objects.all(), NOW)

    assert edge.state == state


def test_the_map_has_regions_by_health_and_clients_by_country(node, carol):
    count(node, "www", "fra-1", 10)
    overview = overview_of(carol)
    drawn = overview.figures["map"]

    assert {mark["name"]: mark["state"] for mark in drawn["regions"]} == dict.fromkeys(["eu", "us", "asia"], "unknown")
    assert [(mark["name"], mark["count"]) for mark in drawn["clients"]] == [("Germany", 10)]
    assert drawn["sites"] == [{"name": "fra", "latitude": 50, "longitude": 8, "nodes": ["edge-1: never"]}]


def test_a_region_with_one_endpoint_down_is_partly_up(carol):
    believe(Assignment.objects.filter(endpoint__name="fra-1"), State.DOWN)
    believe(Assignment.objects.filter(endpoint__name="fra-2"), State.UP)
    overview = overview_of(carol)

    assert {place.region.name: (place.state, place.up) for place in overview.places}["eu"] == ("degraded", 1)
    lately = [event.transition for event in overview.lately if event.transition]
    assert [str(row.to_state) for row in lately[:2]] == ["up", "down"]


def believe(assignments, state: State) -> None:
    """Have every vantage believe it."""
    for assignment in assignments:
        vantages = Region.objects.filter(is_vantage=True)
        record_vantage_changes([VantageChange(assignment.id, 4, v.id, state, "seen", NOW) for v in vantages], NOW)


def test_every_fragment_of_the_page_has_an_event_that_renews_it(node, carol, carols_browser):
    count(node, "cdn", "fra-2", 10)
    fragments = fragments_of(overview_of(carol), {})
    page = carols_browser.get("/").content.decode()

    for name in fragments:
        assert f'sse-swap="{name}"' in page, name
    assert json.loads(fragments["figures"])["policies"]


def test_an_event_has_a_prefix_on_each_of_its_lines():
    assert event("summary", "<b>\none</b>") == "event: summary\ndata: <b>\ndata: one</b>\n\n"


async def test_only_what_has_changed_is_sent(monkeypatch):
    readings = iter([{"a": "1", "b": "1"}, {"a": "1", "b": "2"}, {"a": "1", "b": "2"}])
    monkeypatch.setattr(live, "listener", ImpatientListener())
    monkeypatch.setattr(live, "PAUSE_S", 0)
    stream = changes(lambda: next(readings), 2.0)

    sent = [await anext(stream) for _ in range(3)]
    await stream.aclose()
    assert sent == [event("a", "1") + event("b", "1"), event("b", "2"), ":\n\n"]


class ImpatientListener:
    """Always has news."""

    @asynccontextmanager
    async def subscribe(self):
        yield self

    async def take(self) -> None:
        await asyncio.sleep(0)


def test_of_many_endpoints_those_that_are_answered_most_are_told_apart(node):
    region, www = Region.objects.get(name="eu"), Policy.objects.get(name="www")
    for number in range(20):
        name = f"many-{number}"
        Endpoint.objects.create(team=node.team, name=name, region=region, ipv4="192.0.2.1")
        count(node, "www", name, 100 + number)
    [found] = policy_traffic([www], NOW)

    assert len(found.endpoints) == 12
    assert (found.endpoints[-1].name, found.endpoints[-1].is_known) == ("others", False)
    assert found.total == sum(100 + number for number in range(20))
    assert sum(endpoint.share for endpoint in found.endpoints) == pytest.approx(1)


def test_what_fails_comes_first_and_what_changed_lately_is_in_one_list(carol):
    believe(Assignment.objects.filter(endpoint__name="sin-1"), State.DOWN)
    force(Endpoint.objects.get(name="iad-1"), "drain", "disk", "carol", NOW)
    overview = overview_of(carol)

    [failing] = overview.failing
    assert failing.standing.endpoint.name == "sin-1"
    assert failing.transition.cause.endswith(": seen")
    kinds = {
        "generation" if event.snapshot else "forced" if event.forced else "transition" for event in overview.lately
    }
    assert kinds == {"generation", "forced", "transition"}
    assert [event.at for event in overview.lately] == sorted((event.at for event in overview.lately), reverse=True)


def test_the_overview_is_narrowed_to_a_policy_a_country_a_region_and_a_zone(node, carol):
    count(node, "www", "fra-1", 10)
    count(node, "cdn", "iad-2", 30)

    def counted(**query: str) -> int:
        return sum(origin.count for origin in overview_of(carol, **query).origins)

    assert (counted(), counted(policy="www"), counted(region="us"), counted(country="fr")) == (40, 10, 30, 0)
    assert (counted(zone="demo.test"), counted(policy="cdn", region="eu")) == (40, 0)
    assert [place.region.name for place in overview_of(carol, region="us").places] == ["us"]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"policy": "nothing"}, "No policy nothing answers a name."),
        ({"zone": "else.test"}, "No policy answers a name of the zone else.test."),
        ({"region": "moon"}, "There is no region moon."),
        ({"country": "XX"}, "XX is no country: choose one of the list."),
    ],
)
def test_what_names_nothing_is_said_and_shows_nothing(node, carol, carols_browser, query, problem):
    count(node, "www", "fra-1", 10)

    assert problem in carols_browser.get("/", query).content.decode()
    assert overview_of(carol, **query).traffic == []


def test_arcs_lead_from_countries_to_regions_the_heaviest_last(node, carol):
    count(node, "www", "fra-1", 10)
    count(node, "cdn", "iad-2", 30)
    overview = overview_of(carol)

    assert [arc["weight"] for arc in overview.figures["map"]["arcs"]] == [pytest.approx(1 / 3), 1.0]
    assert overview.figures["map"]["clients"][0]["goes"] == ["75 % to us", "25 % to eu"]
