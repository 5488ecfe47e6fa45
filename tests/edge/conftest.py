"""The fixed cast: a feed, and a node that follows it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import asynccontextmanager
from uuid import UUID

import dns.asyncquery
import dns.message
import dns.rdatatype
import pytest

from edge.agent import Agent
from edge.feed import Feed
from edge.feeds import Feeds
from edge.report import Reports
from edge.serving import Serving
from edge.store import Store
from tests.edge.fake_feed import TOKEN, FakeFeed
from tests.worlds import World, world_of

ORIGIN = "demo.test."
APEX = "@ 300 IN SOA ns1 hostmaster 1 7200 3600 1209600 300\n@ 300 IN NS ns1\nns1 300 IN A 192.0.2.53\n"
BOOT = UUID("6f1c0000-0000-4000-8000-000000000001")
DEADLINE_S = 20
NO_FEED = "http://127.0.0.1:1"
SILENCE_S = 2.0


def a_world(generation: int, address: str) -> World:
    """A zone whose `www` has `address`."""
    world = world_of(ORIGIN, f"{APEX}www 60 IN A {address}\n")
    world.generation = generation
    return world


def a_free_address(host: str = "127.0.0.1") -> str:
    with socket.create_server((host, 0)) as free:
        return f"{host}:{free.getsockname()[1]}"


async def eventually(holds: Callable[[], bool], what: str) -> None:
    """Look until it holds."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not holds():  # noqa: ASYNC110 - what is looked at announces nothing
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not within {DEADLINE_S} s: {what}") from None


class Node:
    """A running agent, and what a resolver sees of it."""

    def __init__(self, serving: Serving, agent: Agent | None = None) -> None:
        self.serving = serving
        self.agent = agent

    async def serves(self, generation: int) -> None:
        await eventually(lambda: self.serving.generation == generation, f"generation {generation} is served")

    async def answer(self, address: str | None = None) -> list[str]:
        """The addresses of `www`, asked over UDP; at its first address by default."""
        host, _, port = (address or self.serving.addresses[0]).rpartition(":")
        query = dns.message.make_query(f"www.{ORIGIN}", "A")
        return addresses_in(await dns.asyncquery.udp(query, host, port=int(port), timeout=5))

    async def answer_over_tcp(self) -> list[str]:
        """The addresses of `www`, asked over a connection of its own."""
        host, _, port = self.serving.addresses[0].rpartition(":")
        query = dns.message.make_query(f"www.{ORIGIN}", "A")
        return addresses_in(await dns.asyncquery.tcp(query, host, port=int(port), timeout=5))


def addresses_in(answer: dns.message.Message) -> list[str]:
    return [rdata.address for rrset in answer.answer for rdata in rrset if rrset.rdtype == dns.rdatatype.A]


@asynccontextmanager
async def a_node(home, *urls: str, token: str = TOKEN):
    """An edge with its state in `home`, fed by `urls`, until the end of the block."""
    feed, serving = Feeds([Feed(url, token, silence_s=SILENCE_S) for url in urls]), Serving(["127.0.0.1:0"])
    agent = Agent(feed, Store(home), serving, Reports(BOOT, "test"))
    running = asyncio.create_task(agent.run())
    try:
        yield Node(serving, agent)
    finally:
        running.cancel()
        await asyncio.wait([running])
        await feed.close()


@pytest.fixture
async def feed(monkeypatch):
    monkeypatch.setattr("edge.agent.POLL_S", 0.2)
    monkeypatch.setattr("edge.agent.REPORT_S", 0.05)
    monkeypatch.setattr("edge.agent.KEEP_HEALTH_S", 0.05)
    async with FakeFeed().running() as running:
        yield running
