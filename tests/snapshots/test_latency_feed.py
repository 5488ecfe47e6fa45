"""Latency maps reach edges: the ones they lack, whole or by deltas, and news of them as they come."""

from __future__ import annotations

import asyncio
import itertools
import struct
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

import responder
from common.notify import Listener
from latency.history import memory
from latency.models import LatencyMap
from regions.models import EdgeNode, Endpoint, Site
from regions.services import create_node_token
from snapshots.bulletin import Bulletin
from snapshots.feed import event_stream
from snapshots.services import learn_latency, open_current, publish
from telemetry.rum.judging import Judged, Observation
from telemetry.rum.services import record
from tests.latency.map_reader import Map, decoded
from tests.snapshots.declaring import declare_endpoint, declare_zone
from tests.snapshots.test_feed import in_a_thread, reading

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
IDENTITIES = itertools.count(1)


@pytest.fixture(autouse=True)
def _nothing_learned():
    memory.drop()


@pytest.fixture
def fra(ops):
    return declare_endpoint(ops, "fra-1", "192.0.2.1")


@pytest.fixture
def node(client, ops):
    """The client of a node that says who it is."""
    site = Site.objects.create(team=ops, name="fra", latitude=50.1, longitude=8.7)
    secret = create_node_token(EdgeNode(team=ops, site=site, name="local"))
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    return client


def measure(endpoint: Endpoint, seconds: float, client: str = "8.8.8.0") -> int | None:
    """A measurement, and the turn that takes it in."""
    at = NOW + timedelta(seconds=seconds)
    window_s = int(at.timestamp()) // 10 * 10
    record(Judged([Observation(window_s, next(IDENTITIES), window_s, client, endpoint.id, 120.0)]), at)
    return learn_latency(at)


def maps(response) -> list[Map]:
    assert (response.status_code, response["Content-Type"]) == (200, "application/octet-stream")
    rest, messages = response.content, []
    while rest:
        (length,) = struct.unpack(">I", rest[:4])
        messages.append(decoded(rest[4 : 4 + length]))
        rest = rest[4 + length :]
    return messages


def test_clients_are_where_the_snapshot_has_them(fra):
    assert measure(fra, 0) is None  # nothing is published
    publish(NOW)
    learn_latency(NOW)

    us = 256 * ord("U") + ord("S")
    assert (1, us) in decoded(bytes(LatencyMap.objects.get().content)).groups
    ((_code, _continent, _name, *middle),) = [country for country in responder.countries() if country[0] == "US"]
    assert open_current().locate(["8.8.8.0/24"]) == [(None, "US", *middle)]


def test_places_are_those_of_the_geo_data_and_nothing_else_is_a_prefix(ops):
    declare_zone(ops, "demo.test.")
    publish(NOW)

    assert open_current().locate(["10.0.0.0/24", "2001:db8::/48"]) == [(None, None, None, None)] * 2
    with pytest.raises(ValueError, match="nowhere"):
        open_current().locate(["nowhere"])


def test_a_node_gets_the_maps_it_lacks(node, fra):
    publish(NOW)
    assert node.get("/edge/v1/latency").status_code == 204
    for second in (0, 5, 10):
        measure(fra, second)

    assert [(each.sequence, each.base) for each in maps(node.get("/edge/v1/latency"))] == [(1, 0), (2, 1), (3, 2)]
    assert [(each.sequence, each.base) for each in maps(node.get("/edge/v1/latency?since=1"))] == [(2, 1), (3, 2)]
    assert node.get("/edge/v1/latency?since=3").status_code == 204


def test_a_node_too_far_behind_or_of_another_database_gets_a_full_map(node, fra):
    publish(NOW)
    for second in (0, 5, 700, 705):
        measure(fra, second)

    for since in (0, 1, 2, 77):
        told = maps(node.get(f"/edge/v1/latency?since={since}"))
        assert [(each.sequence, each.base) for each in told] == [(3, 0), (4, 3)]


@pytest.mark.parametrize("since", ["", "-1", "1.5", "full", "٣", "9" * 30])
def test_a_malformed_since_is_a_problem_that_names_it(node, since):
    response = node.get("/edge/v1/latency", {"since": since})

    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert [error["field"] for error in response.json()["errors"]] == ["since"]


def test_strangers_get_no_map(client, ops):
    assert client.get("/edge/v1/latency").status_code == 401


async def test_a_new_map_is_told_as_it_comes(fra):
    await in_a_thread(publish)(NOW)
    await in_a_thread(measure)(fra, 0)
    async with reading() as reader:
        told = dict([await reader.event(), await reader.event(), await reader.event()])
        assert told["latency"] == {"sequence": 1}

        await in_a_thread(measure)(fra, 5)
        assert await reader.event() == ("latency", {"sequence": 2})


async def test_news_of_maps_have_no_id_for_ids_are_of_health(fra):
    await in_a_thread(publish)(NOW)
    await in_a_thread(measure)(fra, 0)
    async with aclosing(event_stream(Bulletin(Listener()), None)) as stream, asyncio.timeout(20):
        async for text in stream:
            if "latency" in text:
                assert text == 'event: latency\ndata: {"sequence": 1}\n\n'
                return
    raise AssertionError("the stream ended")
