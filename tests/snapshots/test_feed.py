"""The edge feed: for nodes only, to the byte, live, and without Celery."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime

import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from django.http import StreamingHttpResponse
from django.test import AsyncClient

from common.notify import Listener
from edge.framed import framed
from healthchecks.ledger import open_ledger
from healthchecks.models import EndpointHealth, Family
from healthchecks.reading import Delta, HealthState
from healthchecks.state import State
from regions.models import EdgeNode, Site
from regions.services import create_node_token
from snapshots.bulletin import Bulletin
from snapshots.chunks import stored_chunks
from snapshots.feed import event_stream
from snapshots.health_log import HealthLog
from snapshots.models import Snapshot
from snapshots.services import contents_of, publish
from telemetry.models import BeaconWindow, NodeReport
from tests.snapshots.declaring import declare_address, declare_endpoint, declare_zone

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
MANIFEST = "/edge/v1/manifest?format=2"
REPORT = {
    "boot_id": "6f1c0000-0000-4000-8000-000000000001",
    "sequence": 1,
    "generation": 1,
    "health_sequence": 0,
    "version": "0.1.0",
    "queries": 3,
    "answers": [],
}


@pytest.fixture
def secret(ops):
    site = Site.objects.create(team=ops, name="fra", latitude=50.1, longitude=8.7)
    return create_node_token(EdgeNode(team=ops, site=site, name="local"))


@pytest.fixture
def node(client, secret):
    """The client of a node that says who it is."""
    client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
    return client


@pytest.mark.parametrize("path", ["manifest", "chunks/" + "0" * 64, "events"])
@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Token {secret}", "Bearer"])
def test_a_stranger_gets_a_problem_and_nothing_else(client, secret, path, authorization):
    response = client.get(f"/edge/v1/{path}", headers={"Authorization": authorization.format(secret=secret)})

    assert (response.status_code, response["Content-Type"]) == (401, "application/problem+json")
    assert "Bearer" in response["WWW-Authenticate"]


def test_only_the_digest_of_a_token_is_stored_and_a_new_one_ends_the_old(client, secret):
    node = EdgeNode.objects.get()
    assert node.token_digest == hashlib.sha256(secret.encode()).hexdigest()
    create_node_token(node)

    assert client.get("/edge/v1/manifest", headers={"Authorization": f"Bearer {secret}"}).status_code == 401


def test_a_wrong_method_is_a_problem_that_names_the_right_one(node):
    response = node.delete("/edge/v1/manifest")

    assert (response.status_code, response["Allow"]) == (405, "GET")
    assert response["Content-Type"] == "application/problem+json"


def test_before_the_first_publication_the_feed_says_so(node):
    response = node.get("/edge/v1/manifest")

    assert response.status_code == 503
    assert response.json()["detail"] == "No snapshot is published yet."


def published() -> Snapshot:
    """What is declared, as a new generation."""
    snapshot = publish(NOW)
    assert snapshot is not None
    return snapshot


def test_the_manifest_comes_to_the_byte_and_only_when_it_is_new(node, ops):
    zone = declare_zone(ops, "demo.test.")
    snapshot = publish(NOW)
    response = node.get(MANIFEST)
    assert response.content.decode() == snapshot.manifest
    etag = response["ETag"]
    assert etag == f'"{hashlib.sha256(response.content).hexdigest()}"'

    assert node.get(MANIFEST, headers={"If-None-Match": etag}).status_code == 304
    declare_address(zone, "www", "192.0.2.1")
    publish(NOW)
    assert node.get(MANIFEST, headers={"If-None-Match": etag}).status_code == 200


def test_an_edge_of_the_release_before_gets_the_same_generation_without_zone_lists(node, ops):
    zone = declare_zone(ops, "demo.test.")
    declare_zone(ops, "other.test.")
    for address in ("192.0.2.1", "192.0.2.2"):
        declare_address(zone, "www", address)
        snapshot = published()
        response = node.get("/edge/v1/manifest")

        plain, listed = json.loads(response.content), json.loads(snapshot.manifest)
        assert plain == listed | {"format": 1, "zones": contents_of(snapshot).zones}
        assert plain["zones"].keys() == {"demo.test.", "other.test."}
        etag = response["ETag"]
        assert node.get("/edge/v1/manifest", headers={"If-None-Match": etag}).status_code == 304
        assert node.get(MANIFEST, headers={"If-None-Match": etag}).status_code == 200


def test_every_chunk_a_manifest_names_has_the_content_of_its_digest(node, ops):
    declare_zone(ops, "demo.test.")
    snapshot = published()

    for digest in {*json.loads(snapshot.manifest)["zones"].values(), *contents_of(snapshot).digests()}:
        response = node.get(f"/edge/v1/chunks/{digest}")
        assert hashlib.sha256(response.content).hexdigest() == digest
        assert "immutable" in response["Cache-Control"]


def test_chunks_come_at_once_in_the_order_asked_for_as_many_as_fit(node, ops, monkeypatch):
    zone = declare_zone(ops, "demo.test.")
    declare_address(zone, "www", "192.0.2.1")
    contents = stored_chunks(contents_of(published()).digests())
    digests = sorted(contents, key=lambda digest: len(contents[digest]))

    def given(asked: list[str]) -> list[bytes]:
        return list(framed(node.post("/edge/v1/chunks", asked, content_type="application/json").content))

    assert given(digests[:2]) == [contents[digest] for digest in digests[:2]]
    assert given(digests[1::-1]) == [contents[digest] for digest in digests[1::-1]]
    assert given([digests[0], "0" * 64, digests[1]]) == [contents[digests[0]]]
    monkeypatch.setattr("snapshots.feed.BATCH_OCTETS", len(contents[digests[0]]))
    assert given(digests) == [contents[digests[0]]]
    assert given(digests[::-1]) == [contents[digests[-1]]]


@pytest.mark.parametrize(
    ("asked", "status"), [([], 400), ({}, 400), ([7], 400), (["0" * 64], 404), (["0"] * 1001, 400)]
)
def test_who_asks_for_no_chunks_is_told_so(node, asked, status):
    response = node.post("/edge/v1/chunks", asked, content_type="application/json")

    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")


def test_an_unknown_chunk_is_a_problem(node):
    response = node.get("/edge/v1/chunks/" + "0" * 64)

    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_a_report_is_taken_and_taken_again_without_counting(node):
    for _ in range(2):
        assert node.post("/edge/v1/report", REPORT, content_type="application/json").status_code == 204
    assert NodeReport.objects.get().queries == 3


def test_how_a_node_is_may_come_along_and_what_a_later_release_adds_is_passed_over(node):
    condition = {"uptime_s": 12.5, "health_age_s": 0.5, "feed": "https://relay.test", "relays": 1, "of_a_later_one": 7}
    response = node.post("/edge/v1/report", REPORT | {"condition": condition}, content_type="application/json")

    assert (response.status_code, response["Report-Accepts"]) == (204, "condition")
    told = NodeReport.objects.get()
    assert (told.uptime_s, told.health_age_s, told.feed, told.relays) == (12.5, 0.5, "https://relay.test", 1)


@pytest.mark.parametrize("allowed", [True, False])
def test_what_an_edge_sees_of_a_private_client_counts_only_where_such_are_probed(node, ops, settings, allowed):
    settings.PROBE_PRIVATE_ADDRESSES = allowed
    fra = declare_endpoint(ops, "fra-1", "192.0.2.1")
    Site.objects.update(region=fra.region)
    seen = {"client": "127.0.0.0", "rtt_us": 900, "measured_s": int(time.time())}
    for _ in range(2):
        response = node.post("/edge/v1/report", REPORT | {"handshakes": [seen]}, content_type="application/json")
        assert response.status_code == 204

    counted = list(BeaconWindow.objects.values_list("prefix", "endpoint_id", "count"))
    assert counted == ([("127.0.0.0", fra.pk, 1)] if allowed else [])


def test_a_client_that_is_not_cut_to_its_network_is_not_even_repeated(node):
    seen = {"client": "193.0.14.129", "rtt_us": 900, "measured_s": 1}
    response = node.post("/edge/v1/report", REPORT | {"handshakes": [seen]}, content_type="application/json")

    assert [error["field"] for error in response.json()["errors"]] == ["handshakes.0.client"]
    assert "193.0.14.129" not in response.content.decode()


def test_a_malformed_report_is_a_problem_that_names_the_field(node):
    response = node.post("/edge/v1/report", REPORT | {"sequence": 0}, content_type="application/json")

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["sequence"]
    assert not NodeReport.objects.exists()


class Reader:
    """Takes events from a stream, leaving heartbeats out."""

    def __init__(self, stream) -> None:
        self._stream = stream

    async def event(self) -> tuple[str, dict]:
        async with asyncio.timeout(20):
            async for text in self._stream:
                fields = dict(line.split(": ", 1) for line in text.strip().splitlines() if not line.startswith(":"))
                if fields:
                    return fields["event"], json.loads(fields["data"])
        raise AssertionError("the stream ended")


@asynccontextmanager
async def reading(sequence: int | None = None):
    """Events of a web process of its own."""
    async with aclosing(event_stream(Bulletin(Listener()), sequence)) as stream:
        yield Reader(stream)


def in_a_thread(function):
    """Run blocking database work beside the loop, on a connection that ends with it."""

    def run(*args):
        try:
            return function(*args)
        finally:
            connections.close_all()

    return sync_to_async(run, thread_sensitive=False)


def tell(endpoint, state: str) -> None:
    """A health transition as the ledger writes it."""

    with open_ledger(NOW) as ledger:
        EndpointHealth.objects.update_or_create(endpoint=endpoint, family=4, defaults={"state": state, "since": NOW})
        ledger.write(endpoint, Family.IPV4, (State.UNKNOWN, State(state)), State(state), cause="test")


async def test_events_begin_with_the_generation_and_the_full_health(ops):
    endpoint = await in_a_thread(declare_endpoint)(ops, "fra-1", "192.0.2.1")
    await in_a_thread(tell)(endpoint, "up")
    await in_a_thread(publish)(NOW)

    async with reading() as reader:
        told = dict([await reader.event(), await reader.event()])

    assert told == {
        "generation": {"generation": 1},
        "health": {"sequence": 1, "full": True, "states": [[endpoint.id, 4, "up"]]},
    }


async def test_a_publication_and_a_transition_are_told_as_they_happen(ops):
    endpoint = await in_a_thread(declare_endpoint)(ops, "fra-1", "192.0.2.1")
    await in_a_thread(publish)(NOW)
    async with reading() as reader:
        await reader.event()
        await reader.event()

        await in_a_thread(tell)(endpoint, "down")
        assert await reader.event() == ("health", {"sequence": 1, "full": False, "states": [[endpoint.id, 4, "down"]]})
        await in_a_thread(declare_zone)(ops, "demo.test.")
        await in_a_thread(publish)(NOW)
        assert await reader.event() == ("generation", {"generation": 2})


async def test_two_streams_of_one_process_share_one_listening_connection(ops):
    await in_a_thread(publish)(NOW)
    shared = Bulletin(Listener())
    async with aclosing(event_stream(shared, None)) as one, aclosing(event_stream(shared, None)) as other:
        assert (await Reader(one).event()) == (await Reader(other).event())
        async with asyncio.timeout(20):
            while (connected := await in_a_thread(listening_connections)()) == 0:
                pass
        assert connected == 1


def listening_connections() -> int:
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )
        return cursor.fetchone()[0]


async def test_a_change_whose_notification_was_lost_is_told_all_the_same(ops, monkeypatch):
    monkeypatch.setattr("common.notify.RECHECK_S", 0.1)
    await in_a_thread(publish)(NOW)
    async with reading() as reader:
        await reader.event()
        await reader.event()
        monkeypatch.setattr("snapshots.publication.notify", lambda *_: None)
        await in_a_thread(declare_zone)(ops, "demo.test.")
        await in_a_thread(publish)(NOW)

        assert await reader.event() == ("generation", {"generation": 2})


async def test_the_events_door_streams_to_a_node(ops, secret):
    await in_a_thread(publish)(NOW)
    response = await AsyncClient().get("/edge/v1/events", headers={"Authorization": f"Bearer {secret}"})
    assert isinstance(response, StreamingHttpResponse)
    async with aclosing(aiter(response)) as stream:
        first = await anext(stream)

    assert response["Content-Type"] == "text/event-stream"
    assert first.startswith((b"event: generation", b": heartbeat"))


def a_log() -> HealthLog:
    log = HealthLog(HealthState(5, [(10, 4, "up")]))
    log.extend([Delta(6, [(10, 4, "down")]), Delta(7, [(11, 4, "up")])])
    return log


def sequences(messages) -> list[tuple[int, bool]]:
    return [(number, json.loads(message)["full"]) for number, message in messages]


@pytest.mark.parametrize(
    ("sequence", "told"),
    [
        (None, [(7, True)]),
        (7, []),
        (6, [(7, False)]),
        (5, [(6, False), (7, False)]),
        (4, [(7, True)]),  # not remembered
        (9, [(7, True)]),  # of another database
    ],
)
def test_a_node_gets_deltas_where_they_are_remembered_and_else_the_full_state(sequence, told):
    assert sequences(a_log().messages_since(sequence)) == told


def test_the_full_state_is_that_of_all_deltas():
    ((_, message),) = a_log().messages_since(None)

    assert json.loads(message)["states"] == [[10, 4, "down"], [11, 4, "up"]]
    assert "loads" not in json.loads(message)


def test_who_is_failing_travels_with_health():
    log = HealthLog(HealthState(5, [], [], [(10, 4, True), (11, 4, True)]))
    log.extend([Delta(6, [], [], [(11, 4, False)])])

    ((_, delta),) = log.messages_since(5)
    assert json.loads(delta)["failing"] == [[11, 4, False]]
    ((_, full),) = log.messages_since(None)
    assert json.loads(full)["failing"] == [[10, 4, True]]


def test_whom_vantages_see_differently_travels_with_health_until_they_agree():
    log = HealthLog(HealthState(5, [], views=[(10, 4, [[1, True], [2, False]]), (11, 4, [[1, False], [2, True]])]))
    log.extend([Delta(6, [], views=[(11, 4, [])])])

    ((_, delta),) = log.messages_since(5)
    assert json.loads(delta)["views"] == [[11, 4, []]]
    ((_, full),) = log.messages_since(None)
    assert json.loads(full)["views"] == [[10, 4, [[1, True], [2, False]]]]


def test_loads_travel_with_health_until_they_are_forgotten():
    log = HealthLog(HealthState(5, [], [(10, 0.5, 1000, 60), (11, 0.7, 1000, 60)]))
    log.extend([Delta(6, [], [(11, None, 1000, 60)]), Delta(7, [], [(9, 1.25, 1001, 60)])])

    deltas = [json.loads(message) for _, message in log.messages_since(5)]
    assert [delta["loads"] for delta in deltas] == [[[11, None, 1000, 60]], [[9, 1.25, 1001, 60]]]
    ((_, full),) = log.messages_since(None)
    assert json.loads(full)["loads"] == [[9, 1.25, 1001, 60], [10, 0.5, 1000, 60]]
