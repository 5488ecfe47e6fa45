"""A database that is restored to an earlier state gets its edges to follow it again: numbers go on above theirs."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from healthchecks.ledger import open_ledger
from healthchecks.models import HealthSequence
from healthchecks.reading import current_health, deltas_since
from regions.models import EdgeNode, Site
from regions.services import create_node_token
from telemetry.models import NodeReport, NodeStanding
from telemetry.services import highest_generation, highest_map, highest_trust

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
STANDING = {
    "latency_sequence": 70,
    "trust_version": 3,
    "refusals": {"generation": 2},
    "last_refusal": "generation 41 refused: 57 is served, and it only rises",
    "orders": ["endpoint fra-1"],
    "switched_off": [10],
}
REPORT = {
    "boot_id": "6f1c0000-0000-4000-8000-000000000001",
    "sequence": 1,
    "generation": 57,
    "health_sequence": 500,
    "version": "0.1.0",
    "queries": 3,
    "answers": [],
    "standing": STANDING,
}


@pytest.fixture
def node(client, ops):
    """The client of a node that was ahead of this database."""
    site = Site.objects.create(team=ops, name="fra", latitude=50.1, longitude=8.7)
    secret = create_node_token(EdgeNode(team=ops, site=site, name="fra-1"))
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    HealthSequence.objects.update_or_create(singleton=True, defaults={"value": 400})
    return client


def report(node, **changed: object) -> int:
    return node.post("/edge/v1/report", json.dumps(REPORT | changed), content_type="application/json").status_code


def test_health_goes_on_above_what_edges_were_told_and_they_ask_for_the_full_state(node):
    assert report(node) == 204

    assert current_health().sequence == 501
    assert deltas_since(500) is None
    with open_ledger(NOW) as ledger:
        assert ledger.number() == 502


def test_a_report_of_what_was_told_changes_no_number(node):
    assert report(node, health_sequence=400) == 204

    assert HealthSequence.objects.get().value == 400


def test_a_node_that_says_it_is_ages_ahead_is_not_believed(node):
    report(node, generation=2**62, health_sequence=2**62, standing=STANDING | {"latency_sequence": 2**62})

    assert HealthSequence.objects.get().value == 400
    assert (highest_generation(40), highest_map(60)) == (40, 60)


def test_generations_maps_and_statements_go_on_above_what_nodes_have(node):
    report(node)

    assert (highest_generation(40), highest_map(60), highest_trust(2)) == (57, 70, 3)
    assert (highest_generation(90), highest_map(90), highest_trust(9)) == (90, 90, 9)


def test_what_a_node_says_of_itself_is_kept_and_replaced(node):
    report(node)
    report(node, sequence=2, standing=STANDING | {"orders": [], "switched_off": []})

    standing = NodeStanding.objects.get()
    assert (standing.refusals, standing.orders, standing.trust_version) == ({"generation": 2}, [], 3)


def test_a_report_of_the_release_before_is_taken(node):
    before = {name: value for name, value in REPORT.items() if name != "standing"}
    answer = node.post("/edge/v1/report", json.dumps(before), content_type="application/json")

    assert (answer.status_code, NodeReport.objects.count(), NodeStanding.objects.count()) == (204, 1, 0)


@pytest.mark.parametrize(
    "spoiled",
    [
        {"orders": ["everything"]},
        {"refusals": {"no reason!": 1}},
        {"last_refusal": "x" * 501},
        {"switched_off": ["10"]},
    ],
)
def test_what_is_malformed_in_it_is_named(node, spoiled):
    body = json.dumps(REPORT | {"standing": STANDING | spoiled})
    answer = node.post("/edge/v1/report", body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"].startswith(f"standing.{next(iter(spoiled))}")
