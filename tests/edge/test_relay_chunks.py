"""What a relay gives of a generation: many chunks at once, what its disk has lost, and format 1 to who asks for it."""

from __future__ import annotations

import hashlib
import json

import aiohttp
import pytest

from edge.framed import framed
from edge.relay.chunks import Chunks
from responder import Manifest
from tests.edge.conftest import SILENCE_S, a_free_address, a_node
from tests.edge.fake_feed import TOKEN
from tests.edge.publisher import Publisher
from tests.edge.test_catching_up import OTHERS
from tests.edge.test_catching_up import a_world as a_wide_world
from tests.edge.test_feeds import beating
from tests.edge.test_relay import OUTSIDE, RELAY_TOKEN, a_relay
from tests.worlds import digest_of

OLD, NEW = "192.0.2.1", "192.0.2.200"
WORLD = a_wide_world(1, OLD)
DIGESTS = sorted({digest_of(WORLD.zones[origin]) for origin in OTHERS})
UNKNOWN = "0" * 64
KNOWN = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
async def central(feed):
    """The feed of a web process that has three hundred zones, and knows the relays and an edge."""
    feed.tokens = {TOKEN, RELAY_TOKEN}
    feed.publish(WORLD)
    async with beating(feed):
        yield feed


@pytest.fixture
async def relay(central, tmp_path):
    async with a_relay(tmp_path / "relay", central.url) as relay:
        await relay.serves(1)
        yield relay


@pytest.fixture
async def edge():
    """Asks as an edge does, within the time that one waits."""
    timeout = aiohttp.ClientTimeout(total=10 * SILENCE_S)
    async with aiohttp.ClientSession(headers=KNOWN, timeout=timeout) as session:
        yield session


async def given(edge, relay, digests) -> list[bytes]:
    async with edge.post(f"{relay.url}/edge/v1/chunks", json=digests) as response:
        content = await response.read()
        assert (response.status, response.content_type) == (200, "application/octet-stream"), content
        assert response.headers["Cache-Control"] == "no-store"
        return list(framed(content))


async def refused(edge, relay, digests) -> tuple[int, str]:
    """Status and detail."""
    async with edge.post(f"{relay.url}/edge/v1/chunks", json=digests) as response:
        assert response.content_type == "application/problem+json"
        return response.status, (await response.json(content_type=None))["detail"]


async def test_an_edge_behind_a_relay_fetches_hundreds_of_chunks_in_a_few_requests(relay, tmp_path, monkeypatch):
    requests: list[int] = []
    first = Chunks.first

    async def counted(chunks, digests, via=()):
        requests.append(len(digests))
        return await first(chunks, digests, via)

    monkeypatch.setattr(Chunks, "first", counted)
    async with a_node(tmp_path / "edge", relay.url) as node:
        await node.serves(1)
        assert await node.answer() == [OLD]
    assert sum(requests) >= len(WORLD.chunks_with_lists())
    assert len(requests) <= 16


async def test_chunks_come_at_once_in_the_order_asked_for_as_many_as_fit(relay, edge, monkeypatch):
    contents = WORLD.chunks_with_lists()
    digests = sorted(DIGESTS, key=lambda digest: len(contents[digest]))
    assert await given(edge, relay, digests) == [contents[digest] for digest in digests]
    assert await given(edge, relay, digests[1::-1]) == [contents[digest] for digest in digests[1::-1]]
    assert await given(edge, relay, [digests[0], UNKNOWN, digests[1]]) == [contents[digests[0]]]
    monkeypatch.setattr("edge.relay.chunks.BATCH_OCTETS", len(contents[digests[0]]))
    assert await given(edge, relay, digests) == [contents[digests[0]]]
    assert await given(edge, relay, digests[::-1]) == [contents[digests[-1]]]


@pytest.mark.parametrize(
    ("asked", "status"),
    [([], 400), ({}, 400), ([7], 400), ([UNKNOWN], 404), (["0"] * 1001, 400), (["../manifest.json"], 404)],
)
async def test_who_asks_for_no_chunks_is_told_so(relay, edge, asked, status):
    told, detail = await refused(edge, relay, asked)
    assert told == status
    assert detail == ("It takes a list of digests." if status == 400 else f"There is no chunk {asked[0]}.")


async def test_strangers_and_other_methods_are_refused_with_what_to_do(relay, edge):
    url = f"{relay.url}/edge/v1/chunks"
    async with edge.post(url, json=DIGESTS, headers={"Authorization": "Bearer wrong"}) as response:
        assert (response.status, response.content_type) == (401, "application/problem+json")
    async with edge.get(url) as response:
        assert (response.status, response.headers["Allow"]) == (405, "POST")
        assert (await response.json(content_type=None))["detail"] == "Use POST."


async def test_who_sends_too_much_is_told_how_much_is_taken(central, edge, tmp_path, monkeypatch):
    monkeypatch.setattr("edge.relay.listener.MAX_BODY", 100)
    async with a_relay(tmp_path, central.url) as relay:
        await relay.serves(1)
        assert await refused(edge, relay, DIGESTS[:2]) == (413, "Send at most 100 octets at once.")


@pytest.mark.parametrize("lost", ["gone", "spoiled"])
async def test_what_the_disk_of_a_relay_has_lost_it_asks_of_its_own_feed(relay, central, edge, tmp_path, lost):
    kept = tmp_path / "relay" / "chunks" / DIGESTS[1]
    if lost == "gone":
        kept.unlink()
    else:
        kept.write_bytes(b"spoiled")
    central.asked.clear()
    contents = WORLD.chunks_with_lists()
    assert await given(edge, relay, DIGESTS[:3]) == [contents[DIGESTS[0]]]
    assert await given(edge, relay, DIGESTS[1:3]) == [contents[DIGESTS[1]]]
    async with edge.get(f"{relay.url}/edge/v1/chunks/{DIGESTS[1]}") as response:
        assert await response.read() == contents[DIGESTS[1]]
        assert "immutable" in response.headers["Cache-Control"]
    assert [path for path in central.asked if path.startswith("chunks")] == [f"chunks/{DIGESTS[1]}"] * 2


async def test_what_comes_spoiled_from_above_is_not_handed_on(relay, central, edge, tmp_path, caplog):
    (tmp_path / "relay" / "chunks" / DIGESTS[0]).unlink()
    central.chunks = central.chunks | {DIGESTS[0]: b"spoiled"}
    status, detail = await refused(edge, relay, DIGESTS)
    assert status == 503
    assert f"no chunk {DIGESTS[0]}" in detail
    assert "ask another feed" in detail
    assert f"chunk {DIGESTS[0]} is not here" in caplog.text


async def test_while_the_centre_is_away_or_much_is_fetched_who_asks_is_sent_on(
    relay, central, edge, tmp_path, monkeypatch
):
    assert await given(edge, relay, DIGESTS[1:2]), "the relay knows who asks"
    (tmp_path / "relay" / "chunks" / DIGESTS[0]).unlink()
    central.failing = OUTSIDE
    assert (await refused(edge, relay, DIGESTS))[0] == 503
    central.failing = {}
    assert await given(edge, relay, DIGESTS)
    monkeypatch.setattr("edge.relay.chunks.ASKS_AT_ONCE", 0)
    status, detail = await refused(edge, relay, DIGESTS)
    assert (status, "other chunks are being fetched" in detail) == (503, True)


async def test_a_chunk_that_nobody_has_is_looked_for_once_around_a_ring_of_relays(central, edge, tmp_path):
    one, other = a_free_address(), a_free_address()
    async with (
        a_relay(tmp_path / "one", central.url, f"http://{other}", name="one", address=one) as first,
        a_relay(tmp_path / "other", central.url, f"http://{one}", name="other", address=other) as second,
    ):
        await first.serves(1)
        await second.serves(1)
        central.asked.clear()
        assert await refused(edge, first, [UNKNOWN]) == (404, f"There is no chunk {UNKNOWN}.")
        assert central.asked.count(f"chunks/{UNKNOWN}") == 2, "each of the two asks once"


async def test_who_asks_for_no_format_gets_the_same_generation_without_zone_lists(relay, central, edge):
    url = f"{relay.url}/edge/v1/manifest"
    async with edge.get(url) as response:
        plain, etag = await response.read(), response.headers["ETag"]
        assert response.content_type == "application/json"
    assert plain == WORLD.manifest()
    assert etag == f'"{hashlib.sha256(plain).hexdigest()}"'
    assert json.loads(plain)["format"] == 1
    async with edge.get(url, headers={"If-None-Match": etag}) as response:
        assert response.status == 304
    async with edge.get(f"{url}?format=2", headers={"If-None-Match": etag}) as response:
        assert await response.read() == central.manifest


async def test_a_signature_goes_with_the_manifest_that_was_signed_alone(central, edge, tmp_path):
    Publisher().publish(central, WORLD)
    async with a_relay(tmp_path, central.url) as relay:
        await relay.serves(1)
        for query, signed in (("?format=2", True), ("", False)):
            async with edge.get(f"{relay.url}/edge/v1/manifest{query}") as response:
                assert ("Trafficmgr-Signature" in response.headers) == signed


async def test_an_edge_of_the_release_before_follows_a_relay(relay, central, tmp_path, monkeypatch):
    monkeypatch.setattr("edge.feed.FORMAT", 1)
    async with a_node(tmp_path / "edge", relay.url) as node:
        await node.serves(1)
        assert node.agent.served.lists == Manifest(WORLD.manifest()).lists == frozenset()
        central.publish(a_wide_world(2, NEW))
        await node.serves(2)
        assert await node.answer() == [NEW]
        assert node.agent.condition("").refusals == {}


async def test_a_zone_list_that_is_lost_above_as_well_is_named_to_who_wants_format_1(relay, central, edge, tmp_path):
    lost = max(digest_of(chunk) for chunk in WORLD.lists().values())
    (tmp_path / "relay" / "chunks" / lost).unlink()
    url = f"{relay.url}/edge/v1/manifest"
    central.chunks = {digest: chunk for digest, chunk in central.chunks.items() if digest != lost}
    async with edge.get(url) as response:
        assert response.status == 503
        assert f"zone list {lost} is gone" in (await response.json(content_type=None))["detail"]
    central.chunks = WORLD.chunks_with_lists()
    async with edge.get(url) as response:
        assert await response.read() == WORLD.manifest()
