"""The policy chunk says what was declared: nothing is lost between the tables and the responder."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from healthchecks.models import Check
from healthchecks.services import assign
from snapshots.models import Chunk, ChunkKind
from snapshots.services import publish
from steering.models import Pool, PoolMember
from tests.snapshots.declaring import declare_endpoint, declare_policy

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


@pytest.fixture
def published(ops):
    """The chunk of one policy over two endpoints, with something said at each place where it can be said."""
    fra = declare_endpoint(
        ops, "fra-1", "192.0.2.1", weight=7, priority=1, bias=-5, cost=0.5, capacity=900, labels={"tier": "a"}
    )
    mil = declare_endpoint(ops, "mil-1", "192.0.2.2", admin_state="draining")
    steps = ({"kind": "healthy"}, {"kind": "weighted", "weight": 3}, {"kind": "first", "count": 2})
    declare_policy(ops, "www", fra, mil, steps=steps)
    Pool.objects.update(weight=4, priority=2, bias=9, cost=3)
    PoolMember.objects.filter(endpoint=fra).update(weight=70, priority=0, bias=1, cost=2)
    assign(Check.objects.create(team=ops, name="http", kind="http", options={}), [fra])
    publish(NOW)
    return json.loads(bytes(Chunk.objects.get(kind=ChunkKind.POLICIES).content))


def test_metadata_is_carried_for_the_endpoint_the_pool_and_its_member(published):
    fra, mil = published["endpoints"]
    (pool,) = published["pools"]

    assert [fra[key] for key in ("weight", "priority", "bias", "cost", "capacity")] == [7, 1, -5, 0.5, 900]
    assert [mil[key] for key in ("weight", "priority", "bias", "cost", "capacity")] == [None] * 5
    assert [pool[key] for key in ("weight", "priority", "bias", "cost")] == [4, 2, 9, 3]
    assert pool["members"] == [
        {"endpoint": fra["id"], "weight": 70, "priority": 0, "bias": 1, "cost": 2},
        {"endpoint": mil["id"], "weight": None, "priority": None, "bias": None, "cost": None},
    ]


def test_what_decides_about_an_endpoint_is_carried_with_it(published):
    fra, mil = published["endpoints"]

    assert (fra["checked"], mil["checked"]) == (True, False)
    assert (fra["admin_state"], mil["admin_state"]) == ("enabled", "draining")
    assert (fra["labels"], mil["labels"]) == ({"tier": "a"}, {})


def test_steps_keep_their_order_and_options(published):
    (policy,) = published["policies"]

    assert policy["steps"] == [{"kind": "healthy"}, {"kind": "weighted", "weight": 3}, {"kind": "first", "count": 2}]
    assert policy["pools"] == [published["pools"][0]["id"]]
