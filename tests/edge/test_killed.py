"""An edge that is killed in the middle of a swap, or whose disk is full, starts from a whole generation (P2)."""

from __future__ import annotations

import asyncio
import random
import resource

import dns.asyncquery
import dns.message
import pytest

from edge.store import Store
from tests.edge.conftest import ORIGIN, a_world, addresses_in, eventually
from tests.edge.fake_feed import FakeFeed
from tests.edge.nursery import Nursery
from tests.edge.publisher import Publisher

KILLS = 100
LATEST_S = 0.03  # a swap of this world is over by then
TOO_LITTLE = 64  # octets a file may have


def address_of(generation: int) -> str:
    return f"192.0.2.{generation % 250}"


@pytest.fixture
def nursery(tmp_path):
    with Nursery(tmp_path / "home") as running:
        yield running


async def answer(nursery: Nursery) -> list[str]:
    host, _, port = nursery.address.rpartition(":")
    query = dns.message.make_query(f"www.{ORIGIN}", "A")
    return addresses_in(await dns.asyncquery.udp(query, host, port=int(port), timeout=5))


async def test_killed_a_hundred_times_in_a_swap_it_always_starts_from_a_whole_generation(nursery):
    publisher, chance = Publisher(), random.Random(2026)
    async with FakeFeed().running() as feed:
        publisher.publish(feed, a_world(1, address_of(1)))
        nursery.start(feed.url)
        await eventually(lambda: nursery.generations == [1], "it has a generation")
        known = 1
        for generation in range(2, KILLS + 2):
            await feed.until_connected()
            publisher.publish(feed, a_world(generation, address_of(generation)))
            await asyncio.sleep(chance.uniform(0, LATEST_S))  # when it is killed is what differs, not what is awaited
            await asyncio.to_thread(nursery.kill)
            known = max(known, *nursery.generations)

            feed.failing = {"manifest": 503}  # what it answers first is from its disk
            nursery.start(feed.url)
            await eventually(lambda: bool(nursery.generations), "it answers")
            [first] = nursery.generations
            assert first >= known  # what is served was on disk before
            assert await answer(nursery) == [address_of(first)]
            assert "cannot" not in nursery.log
            feed.failing = {}


async def test_a_full_disk_is_said_and_served_on_with_and_made_up_for_when_there_is_room(nursery, tmp_path):
    publisher = Publisher()
    async with FakeFeed().running() as feed:
        publisher.publish(feed, a_world(1, address_of(1)))
        nursery.start(feed.url)
        await eventually(lambda: nursery.generations == [1], "it has a generation")
        await feed.until_connected()

        limits = resource.prlimit(nursery.process, resource.RLIMIT_FSIZE)
        resource.prlimit(nursery.process, resource.RLIMIT_FSIZE, (TOO_LITTLE, limits[1]))
        publisher.publish(feed, a_world(2, address_of(2)))
        await eventually(lambda: nursery.generations == [1, 2], "the new generation is served")
        await eventually(lambda: "served but not kept on disk" in nursery.log, "it says so")
        assert await answer(nursery) == [address_of(2)]
        assert generation_on_disk(tmp_path) == 1

        resource.prlimit(nursery.process, resource.RLIMIT_FSIZE, limits)
        await eventually(lambda: generation_on_disk(tmp_path) == 2, "it is kept after all")
        await asyncio.to_thread(nursery.kill)
        nursery.start("http://127.0.0.1:1")
        await eventually(lambda: nursery.generations == [2], "it starts from it")
        assert await answer(nursery) == [address_of(2)]


def generation_on_disk(tmp_path) -> int:
    return next(Store(tmp_path / "home").manifests()).generation
