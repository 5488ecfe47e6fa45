"""Snapshot swaps and process upgrades at full load: no query is lost and none is answered wrongly."""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.process import BaseProcess

import dns.asyncquery
import dns.message
import pytest

from common.addresses import split_address
from edge.main import run
from responder import Server
from tests.edge.conftest import APEX, DEADLINE_S, ORIGIN, a_free_address, eventually
from tests.edge.fake_feed import TOKEN
from tests.edge.load import Load, program
from tests.edge.test_handover import sums
from tests.worlds import World, world_of

UPGRADES = 10
SWAPS_EACH = 6
NAME = f"www.{ORIGIN}"


def a_numbered_world(generation: int, other: int | None = None) -> World:
    """`www` says in both of its addresses which generation answers; in one of them that it is the `other` one."""
    first, second = (f"{number // 256}.{number % 256}" for number in (generation, other or generation))
    world = world_of(ORIGIN, f"{APEX}www 60 IN A 10.0.{first}\nwww 60 IN A 10.1.{second}\n")
    world.generation = generation
    return world


@contextmanager
def processes_with_everything_imported():
    """Starting Python would take most of the time, and load enough is there already."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["edge.main"])
    try:
        yield context
    finally:
        for process in context.active_children():
            process.kill()
            process.join()


class Operator:
    """Publishes, upgrades, and looks."""

    def __init__(self, feed, home, address: str, processes) -> None:
        self._feed = feed
        self._home = home
        self._address = address
        self._processes = processes
        self.looks = 0

    def start(self, *, take_over: bool = False) -> BaseProcess:
        arguments = ([self._feed.url], TOKEN, [self._address], self._home)
        edge = self._processes.Process(target=run, args=arguments, kwargs={"take_over": take_over})
        edge.start()
        return edge

    async def upgrade(self, edge: BaseProcess) -> BaseProcess:
        """The edge in its place, once the one before has ended in good order."""
        successor = self.start(take_over=True)
        await asyncio.to_thread(edge.join, DEADLINE_S)
        assert (edge.exitcode, successor.exitcode) == (0, None)
        return successor

    async def swap(self, generation: int) -> None:
        """Return when it is served."""
        self._feed.publish(a_numbered_world(generation))
        async with asyncio.timeout(DEADLINE_S):
            while await self._look() != generation:  # noqa: ASYNC110 - what is looked at announces nothing
                await asyncio.sleep(0.01)

    async def _look(self) -> int:
        host, port = split_address(self._address)
        answer = await dns.asyncquery.udp(dns.message.make_query(NAME, "A"), host, port=port, timeout=DEADLINE_S)
        self.looks += 1
        _, _, high, low = str(answer.answer[0][0]).split(".")
        return int(high) * 256 + int(low)


async def test_sixty_swaps_and_ten_upgrades_lose_no_query_and_answer_none_wrongly(feed, tmp_path):
    await asyncio.to_thread(program)
    address = a_free_address()
    feed.publish(a_numbered_world(1))
    feed.greet_with("generation", {"generation": 1})
    with processes_with_everything_imported() as processes:
        operator = Operator(feed, tmp_path, address, processes)
        edge = operator.start()
        await eventually(lambda: bool(feed.reports) and feed.reports[-1]["generation"] == 1, "generation 1 is served")
        with Load(address, NAME, udp_sockets=4, tcp_connections=2, diallers=1) as load:
            generations = iter(range(2, 2 + UPGRADES * SWAPS_EACH))
            for _ in range(UPGRADES):
                upgrade = asyncio.create_task(operator.upgrade(edge))
                for _ in range(SWAPS_EACH):
                    await operator.swap(next(generations))
                edge = await upgrade
            found = await asyncio.to_thread(load.end)
        assert found["asked"] == found["answered"] > 10_000
        asked = found["asked"] + operator.looks
        await eventually(lambda: sums(feed.reports) >= asked, "every answer is reported")

    assert found["wrong"] == 0
    assert found["newest"] == 1 + UPGRADES * SWAPS_EACH
    assert sums(feed.reports) == asked


@pytest.mark.parametrize("transport", ["udp_sockets", "tcp_connections", "diallers"])
async def test_a_restart_in_place_of_an_upgrade_is_noticed(feed, tmp_path, transport):
    await asyncio.to_thread(program)
    address = a_free_address()
    feed.publish(a_numbered_world(1))
    with processes_with_everything_imported() as processes:
        operator = Operator(feed, tmp_path, address, processes)
        edge = operator.start()
        await eventually(lambda: bool(feed.reports), "it serves")
        with Load(address, NAME, **{"udp_sockets": 0} | {transport: 1}, patience_ms=200) as load:
            await operator.swap(2)
            edge.terminate()
            await asyncio.to_thread(edge.join, DEADLINE_S)
            operator.start()
            await eventually(lambda: len({report["boot_id"] for report in feed.reports}) == 2, "it serves again")
            found = await asyncio.to_thread(load.end)

    assert found["asked"] > found["answered"]


async def test_the_load_notices_answers_that_mix_generations():
    server = Server(["127.0.0.1:0"], a_numbered_world(1, other=2).open(), workers=1)
    with Load(server.addresses[0], NAME, udp_sockets=1, tcp_connections=1, diallers=1) as load:
        found = await asyncio.to_thread(load.end)
    server.stop()

    assert found["wrong"] == found["answered"] == found["asked"] > 0


async def test_the_load_notices_queries_that_are_lost():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with Load(address, NAME, udp_sockets=1, patience_ms=100) as load:
            found = await asyncio.to_thread(load.end)

    assert found["asked"] > found["answered"] == 0
