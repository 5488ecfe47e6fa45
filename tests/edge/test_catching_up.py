"""An edge takes of a generation only what it lacks, and keeps on disk what two generations need and nothing else."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from edge.store import Store
from edge.trust.refusal import Reason
from responder import Manifest
from tests.edge.conftest import APEX, NO_FEED, ORIGIN, a_node, eventually
from tests.edge.fake_feed import FakeFeed
from tests.edge.publisher import Publisher
from tests.worlds import World, digest_of, list_of

OTHERS = [f"z{number}.test." for number in range(300)]
NEWEST = "192.0.2.200"


def a_world(generation: int, address: str, *, changed: int = 0) -> World:
    """Many zones, of which the first `changed` have one record more."""
    world = World(generation=generation).add_zone(ORIGIN, f"{APEX}www 60 IN A {address}\n")
    for number, origin in enumerate(OTHERS):
        world.add_zone(origin, f"{APEX}new 60 IN A 192.0.2.9\n" if number < changed else APEX)
    return world


def fetched(feed) -> set[str]:
    return {path.removeprefix("chunks/") for path in feed.asked if path.startswith("chunks/")}


def on_disk(home) -> set[str]:
    return {path.name for path in (home / "chunks").iterdir()}


async def disk_holds(home, chunks: set[str]) -> None:
    await eventually(lambda: on_disk(home) == chunks, "what is superfluous is gone")


def named(world: World) -> set[str]:
    return set(world.chunks_with_lists())


@pytest.mark.parametrize("gives_many", [True, False], ids=["many at once", "a feed of the release before"])
async def test_an_edge_100_generations_behind_fetches_what_it_lacks_and_nothing_else(feed, tmp_path, gives_many):
    feed.gives_many = gives_many
    before, after = a_world(1, "192.0.2.1"), a_world(101, NEWEST, changed=10)
    feed.publish(before)
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(1)
    assert fetched(feed) == named(before)

    feed.asked.clear()
    feed.publish(after)
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(101)
        assert await node.answer() == [NEWEST]

    assert fetched(feed) == named(after) - named(before)
    changed = [ORIGIN, *OTHERS[:10]]
    lists = {digest_of(after.lists()[list_of(origin)]) for origin in changed}
    assert fetched(feed) == lists | {digest_of(after.zones[origin]) for origin in changed}


async def test_the_disk_holds_the_chunks_of_two_generations_after_each(feed, tmp_path, monkeypatch):
    worlds = [a_world(1, "192.0.2.1"), a_world(2, "192.0.2.2", changed=1), a_world(3, "192.0.2.1"), a_world(4, NEWEST)]
    before, prunings = set[str](), Mock(wraps=Store(tmp_path).prune)
    monkeypatch.setattr(Store, "prune", prunings)
    async with a_node(tmp_path, feed.url) as node:
        for world in worlds:
            feed.publish(world)
            await node.serves(world.generation)
            kept, before = named(world) | before, named(world)
            await disk_holds(tmp_path, kept)
    assert prunings.call_count == 2, "all that is on disk is looked at no more than need be"


async def test_a_chunk_that_a_feed_has_not_is_named(feed, tmp_path, caplog):
    world = a_world(1, NEWEST)
    chunks = world.chunks_with_lists()
    lost = digest_of(world.zones[OTHERS[0]])
    feed.offer(world.manifest_with_lists(), {digest: chunk for digest, chunk in chunks.items() if digest != lost})
    async with a_node(tmp_path, feed.url) as node:
        await eventually(lambda: f"chunks/{lost}: status 404" in caplog.text, "it is named")
        feed.publish(world)
        await node.serves(1)


async def test_from_a_feed_of_the_release_before_to_this_one_and_back(feed, tmp_path):
    worlds = [a_world(1, "192.0.2.1"), a_world(2, "192.0.2.2"), a_world(3, NEWEST)]
    feed.offer(worlds[0].manifest(), worlds[0].chunks())
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(1)
        feed.asked.clear()
        feed.publish(worlds[1])
        await node.serves(2)
        assert fetched(feed) == {digest_of(chunk) for chunk in worlds[1].lists().values()} | {
            digest_of(worlds[1].zones[ORIGIN])
        }
        feed.asked.clear()
        feed.offer(worlds[2].manifest(), worlds[2].chunks())
        await node.serves(3)
        assert fetched(feed) == {digest_of(worlds[2].zones[ORIGIN])}
        kept = named(worlds[1]) | set(worlds[2].chunks())
        await disk_holds(tmp_path, kept)


async def test_what_the_release_before_has_on_its_disk_is_taken_again_as_it_is_published(feed, tmp_path):
    world, publisher = a_world(1, NEWEST), Publisher()
    feed.offer(world.manifest(), world.chunks())
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(1)
    publisher.publish(feed, world)
    async with a_node(tmp_path, feed.url) as node:
        await eventually(lambda: node.agent.signature == feed.signature, "it has it with its signature")
        assert node.agent.served.lists
        assert node.agent.condition("").refusals == {}
        assert await node.answer() == [NEWEST]
        feed.offer(a_world(1, "192.0.2.1").manifest_with_lists(), {})
        feed.signature = publisher.signature(feed.manifest)
        await eventually(lambda: Reason.FORK in node.agent.condition("").refusals, "other contents are a fork")


async def test_a_feed_that_answers_with_no_chunks_at_all_is_not_asked_for_ever(feed, tmp_path):
    async with FakeFeed().running() as other:
        world = a_world(1, NEWEST)
        feed.publish(world)
        other.publish(world)
        feed.gives_nothing = True
        async with a_node(tmp_path, feed.url, other.url) as node:
            await node.serves(1)


@pytest.mark.parametrize("spoilt", ["a list", "a zone"])
async def test_a_spoilt_newest_generation_on_disk_gives_way_to_the_one_before(feed, tmp_path, spoilt, caplog):
    worlds = [a_world(1, "192.0.2.1"), a_world(2, NEWEST)]
    async with a_node(tmp_path, feed.url) as node:
        for world in worlds:
            feed.publish(world)
            await node.serves(world.generation)
    part = worlds[1].lists()[list_of(ORIGIN)] if spoilt == "a list" else worlds[1].zones[ORIGIN]
    (tmp_path / "chunks" / digest_of(part)).write_bytes(b"spoiled")

    async with a_node(tmp_path, NO_FEED) as node:
        await node.serves(1)
    assert "generation 2 on disk cannot be served" in caplog.text
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(2)
        assert await node.answer() == [NEWEST]


def test_many_chunks_are_kept_whole(tmp_path):
    world = a_world(1, NEWEST)
    store = Store(tmp_path)
    manifest = Manifest(world.manifest_with_lists())
    store.keep(manifest, world.chunks_with_lists())

    assert store.chunks(manifest) == world.chunks_with_lists()
    assert on_disk(tmp_path) == named(world)
