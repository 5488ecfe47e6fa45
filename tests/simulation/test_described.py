"""Explanations and simulations have the fields that the OpenAPI document names, and no others."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from healthchecks.models import EndpointLoad
from regions.models import Endpoint
from simulation.services import explain
from simulation.what_if import Change, what_if
from snapshots.models import Snapshot
from snapshots.services import publish
from steering.models import Policy
from steering.services import save_policy
from tests.openapi import component, flaws
from tests.simulation.test_edges import declare_node

STEPS = [{"kind": "admin"}, {"kind": "healthy"}, {"kind": "distance"}, {"kind": "latency"}]
NAMES = ["www.demo.test.", "demo.test.", "nothing.demo.test.", "www.example.net."]
SAMPLES = 500


@pytest.fixture
def rich_world(world, ops):
    """Every field of an explanation has something to say."""
    save_policy(Policy.objects.get(name="www"), steps=STEPS)
    fra_1, fra_2 = Endpoint.objects.order_by("name")
    EndpointLoad.objects.create(
        endpoint=fra_2, sequence=7, current=3.0, share=0.3, max_age_s=60, measured=timezone.now()
    )
    declare_node(ops, "fra-a", off=(fra_1,))
    publish(timezone.now())


@pytest.mark.parametrize("qname", NAMES)
@pytest.mark.parametrize("ecs", [None, "203.0.113.0/24", "2001:db8::/56"])
def test_an_explanation(rich_world, qname, ecs):
    explained = explain(qname, "A", "198.51.100.53", ecs)

    assert flaws(explained, component("Explanation"), closed=True) == []
    assert bool(explained["policies"]) == (qname == "www.demo.test.")


def test_an_explanation_of_the_past(rich_world):
    yesterday = timezone.now() - timedelta(days=1)
    Snapshot.objects.update(created=yesterday)
    explained = explain("www.demo.test.", "A", "198.51.100.53", at=int(yesterday.timestamp()) + 1)

    assert flaws(explained, component("Explanation"), closed=True) == []
    assert explained["edges"] is None


def test_an_explanation_whose_candidates_are_all_switched_off(rich_world, ops):
    declare_node(ops, "fra-b", off=tuple(Endpoint.objects.all()))
    explained = explain("www.demo.test.", "A", "198.51.100.53")

    assert explained["policies"][0]["candidates"][0]["switched_off"] is True
    assert flaws(explained, component("Explanation"), closed=True) == []


def test_moves_of_the_capacity_plan():
    move = {"from": "eu", "to": "us-east", "share": 0.3, "follows": True}
    assert flaws(move, component("FollowedMove"), closed=True) == []


def test_a_simulation(virginia):
    assert described(virginia)["latency"] is None


def test_a_simulation_where_users_have_measured(virginia, measured):
    report = described(virginia)

    assert report["latency"] is not None
    assert report["warnings"]


def described(pool):
    """The report on a change to this pool, which is as it should be."""
    report = what_if(Change(Policy.objects.get(name="www"), pools=[pool]), timezone.now(), SAMPLES)
    assert report["moves"]
    assert flaws(report, component("Simulation"), closed=True) == []
    return report


def test_what_the_document_does_not_name_is_noticed(world):
    explained = explain("www.demo.test.", "A", "198.51.100.53")
    del explained["zone"]
    explained["policies"][0]["steps"][0]["luck"] = 7

    found = flaws(explained, component("Explanation"), closed=True)
    assert len(found) == 2
    assert any("'zone' is a required property" in flaw for flaw in found)
    assert any("luck" in flaw for flaw in found)
