"""An explanation of now says which edges answer by something older, and takes orders that stand there into account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from regions.models import EdgeNode, Endpoint, Site
from regions.services import create_node_token
from simulation.services import explain
from snapshots.models import Snapshot
from telemetry.models import NodeReport, NodeStanding
from tests.simulation.test_explain import QUESTION, YESTERDAY


def declare_node(team, name: str, *, generation: int = 1, silent_s: int = 0, off: tuple[Endpoint, ...] = ()) -> None:
    defaults = {"latitude": 50.1, "longitude": 8.7}
    site, _created = Site.objects.get_or_create(team=team, name="fra", defaults=defaults)
    node = EdgeNode(team=team, site=site, name=name)
    create_node_token(node)
    NodeReport.objects.create(
        node=node,
        boot_id=uuid4(),
        sequence=1,
        generation=generation,
        health_sequence=1,
        version="0.1.0",
        queries=0,
        reported=datetime.now(UTC) - timedelta(seconds=silent_s),
    )
    NodeStanding.objects.create(
        node=node,
        latency_sequence=0,
        trust_version=1,
        refusals={},
        orders=[f"endpoint {endpoint.name}" for endpoint in off],
        switched_off=[endpoint.id for endpoint in off],
    )


def test_edges_that_are_up_to_date_are_no_news(world, ops):
    declare_node(ops, "fra-a")

    assert explain(**QUESTION)["edges"] == {"behind": 0, "silent": 0, "oldest_s": 0, "orders": []}


def test_edges_that_are_behind_or_silent_are_counted(world, ops):
    declare_node(ops, "fra-a", generation=0)
    declare_node(ops, "fra-b", silent_s=95)

    edges = explain(**QUESTION)["edges"]
    assert (edges["behind"], edges["silent"]) == (1, 1)
    assert 94 <= edges["oldest_s"] < 200


def test_what_an_order_has_switched_off_is_no_candidate(world, ops):
    fra = Endpoint.objects.get(name="fra-1")
    declare_node(ops, "fra-a", off=(fra,))

    explained = explain(**QUESTION)
    assert explained["edges"]["orders"] == ["endpoint fra-1"]
    [dropped] = explained["policies"][0]["not_candidates"]
    assert dropped["reason"] == "switched off by a break-glass order"


def test_the_orders_of_an_edge_that_is_silent_do_not_count(world, ops):
    declare_node(ops, "fra-a", off=(Endpoint.objects.get(name="fra-1"),), silent_s=95)

    assert explain(**QUESTION)["policies"][0]["not_candidates"] == []


def test_of_the_past_nothing_is_said(world, ops):
    declare_node(ops, "fra-a", off=(Endpoint.objects.get(name="fra-1"),))

    Snapshot.objects.update(created=YESTERDAY)
    assert explain(**QUESTION, at=int(YESTERDAY.timestamp()) + 60)["edges"] is None
