"""An edge gives its place to a successor: who dies when, and who only pretends."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from contextlib import asynccontextmanager
from uuid import uuid4

import dns.message
import pytest

from common.addresses import split_address
from edge.agent import Agent
from edge.feed import Feed
from edge.feeds import Feeds
from edge.handover import PlaceError, Predecessor, take_place
from edge.packets import Peer, close_all
from edge.place import DOOR
from edge.report import Reports
from edge.serving import ListenError, Serving
from edge.store import Store
from responder import Manifest
from tests.edge.conftest import DEADLINE_S, ORIGIN, Node, a_free_address, a_world, eventually
from tests.edge.fake_feed import TOKEN
from tests.edge.processes import DIE_BEFORE_SERVING, NO_FEED, EdgeProcess
from tests.worlds import digest_of

OLD, NEW = "192.0.2.1", "192.0.2.2"


@pytest.fixture(autouse=True)
def _logged(caplog):
    caplog.set_level(logging.INFO)


class Edge(Node):
    """A node that has its place."""

    def __init__(self, serving: Serving, running: asyncio.Task[None]) -> None:
        super().__init__(serving)
        self.running = running


@asynccontextmanager
async def an_edge(home, url: str, *listen: str, take_over: bool = False):
    place, predecessor = await take_place(home, take_over=take_over)
    async with the_edge_at(place, predecessor, home, url, *listen) as edge:
        yield edge


@asynccontextmanager
async def the_edge_at(place, predecessor, home, url: str, *listen: str):
    feed, serving = Feeds([Feed(url, TOKEN)]), Serving(listen, predecessor.sockets if predecessor else [])
    agent = Agent(feed, Store(home), serving, Reports(uuid4(), "test"), place, predecessor)
    edge = Edge(serving, asyncio.create_task(agent.run()))
    try:
        yield edge
    finally:
        edge.running.cancel()
        await asyncio.wait([edge.running])
        await feed.close()


@pytest.fixture
async def old(feed, tmp_path):
    feed.publish(a_world(1, OLD))
    async with an_edge(tmp_path, feed.url, a_free_address()) as edge:
        await edge.serves(1)
        yield edge


def sums(reports) -> int:
    return sum(answer["count"] for report in reports for answer in report["answers"])


async def test_a_second_edge_on_the_same_directory_is_told_what_to_do(old, tmp_path):
    with pytest.raises(PlaceError, match=r"runs on .* already: .* --take-over"):
        await take_place(tmp_path, take_over=False)
    assert await old.answer() == [OLD]


async def test_asking_for_a_place_that_is_free_is_starting(feed, tmp_path):
    feed.publish(a_world(1, OLD))
    async with an_edge(tmp_path, feed.url, a_free_address(), take_over=True) as edge:
        await edge.serves(1)


async def test_a_successor_goes_on_and_the_edge_ends(feed, old, tmp_path):
    async with an_edge(tmp_path, feed.url, *old.serving.addresses, take_over=True) as new:
        await new.serves(1)
        await old.running
        assert await new.answer() == [OLD]
        feed.publish(a_world(2, NEW))
        await new.serves(2)
        assert await new.answer() == [NEW]


async def test_every_answer_is_reported_once(feed, old, tmp_path):
    for _ in range(3):
        await old.answer()
    async with an_edge(tmp_path, feed.url, *old.serving.addresses, take_over=True) as new:
        await old.running
        await new.answer()
        await eventually(lambda: sums(feed.reports) == 4, "all four answers are reported")

    boots = [report["boot_id"] for report in feed.reports]
    assert boots == sorted(boots, key=boots.index)  # the reports of two boots never mix


async def test_a_connection_is_gone_on_with(feed, old, tmp_path):
    host, _, port = old.serving.addresses[0].rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    assert await address_over(reader, writer) == OLD
    async with an_edge(tmp_path, feed.url, *old.serving.addresses, take_over=True) as new:
        await old.running
        feed.publish(a_world(2, NEW))
        await new.serves(2)
        assert await address_over(reader, writer) == NEW
    writer.close()


async def address_over(reader, writer) -> str:
    query = dns.message.make_query(f"www.{ORIGIN}", "A")
    writer.write(query.to_wire(prepend_length=True))
    length = int.from_bytes(await reader.readexactly(2), "big")
    return str(dns.message.from_wire(await reader.readexactly(length)).answer[0][0])


async def test_health_goes_over_even_if_it_came_in_between(feed, old, tmp_path, monkeypatch):
    monkeypatch.setattr("edge.agent.KEEP_HEALTH_S", 60)
    feed.say("health", {"sequence": 4, "full": True, "states": [[10, 4, "up"]]})
    await eventually(lambda: old.serving.health.sequence == 4, "the full health is believed")
    place, predecessor = await take_place(tmp_path, take_over=True)
    feed.say("health", {"sequence": 5, "full": False, "states": [[10, 4, "down"]]})
    await eventually(lambda: old.serving.health.sequence == 5, "the delta is applied")
    async with the_edge_at(place, predecessor, tmp_path, NO_FEED, *old.serving.addresses) as new:
        await old.running
        await eventually(lambda: new.serving.health.states == [(10, 4, "down")], "the successor believes it")


async def test_addresses_in_common_are_taken_over_and_others_bound_and_closed(feed, tmp_path):
    feed.publish(a_world(1, OLD))
    kept, dropped, added = a_free_address(), a_free_address("127.0.0.2"), a_free_address("127.0.0.3")
    async with an_edge(tmp_path, feed.url, kept, dropped) as old:
        await old.serves(1)
        async with an_edge(tmp_path, feed.url, added, kept, take_over=True) as new:
            await old.running
            assert new.serving.addresses == [added, kept]
            assert [await new.answer(at) for at in (added, kept)] == [[OLD], [OLD]]
            with socket.socket() as closed, pytest.raises(ConnectionRefusedError):
                closed.connect(split_address(dropped))


async def test_a_successor_that_cannot_listen_leaves_the_edge_as_it_was(feed, old, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        async with an_edge(tmp_path, feed.url, *old.serving.addresses, address, take_over=True) as new:
            with pytest.raises(ListenError, match=address):
                await new.running
    await goes_on(feed, old, tmp_path)


async def goes_on(feed, old: Edge, home) -> None:
    """It answers, takes updates, and hands over to a successor that is better."""
    assert await old.answer() == [OLD]
    feed.publish(a_world(2, NEW))
    await old.serves(2)
    async with an_edge(home, feed.url, *old.serving.addresses, take_over=True) as new:
        await old.running
        assert await new.answer() == [NEW]


async def test_a_successor_killed_before_it_serves_changes_nothing(feed, old, tmp_path, caplog):
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", DIE_BEFORE_SERVING, str(tmp_path))
    assert await killed.wait() == -signal.SIGKILL

    await eventually(lambda: "does not take over, answering goes on" in caplog.text, "that is logged")
    await goes_on(feed, old, tmp_path)


async def test_a_successor_without_the_generation_on_its_disk_gives_up(feed, old, tmp_path):
    (tmp_path / "chunks" / digest_of(a_world(1, OLD).zones[ORIGIN])).write_bytes(b"spoiled")
    async with an_edge(tmp_path, feed.url, *old.serving.addresses, take_over=True) as new:
        with pytest.raises(PlaceError, match="generation 1 cannot be opened"):
            await new.running
    assert await old.answer() == [OLD]


async def test_a_successor_that_takes_too_long_is_told_that_the_edge_goes_on(feed, old, tmp_path, monkeypatch):
    monkeypatch.setattr("edge.handover.SERVING_S", 0.05)
    place, predecessor = await take_place(tmp_path, take_over=True)
    assert predecessor is not None
    await asyncio.sleep(0.2)
    with pytest.raises(PlaceError, match="the running edge goes on"):
        await predecessor.relieve()
    predecessor.close()
    place.give_up()
    close_all(predecessor.sockets)
    monkeypatch.undo()
    await goes_on(feed, old, tmp_path)


async def test_connections_that_are_left_too_late_are_closed(monkeypatch):
    monkeypatch.setattr("edge.handover.LEFT_S", 0.05)
    stuck, ours = (Peer(end) for end in socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
    predecessor = Predecessor(ours, 1, [])
    assert await predecessor.relieve() == []
    connection, client = socket.socketpair()
    client.setblocking(False)
    await stuck.send("left", [connection.fileno()])
    connection.close()
    stuck.close()
    await predecessor.gone()
    with client:
        assert client.recv(1) == b""


async def test_an_edge_killed_while_it_hands_over_is_gone_on_for(feed, tmp_path):
    world = a_world(3, OLD)
    Store(tmp_path).keep(Manifest(world.manifest()), world.chunks())
    address = a_free_address()
    with EdgeProcess(tmp_path, address) as old, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        await asyncio.to_thread(old.says, "serving generation 3")
        place, predecessor = await take_place(tmp_path, take_over=True)
        old.process.kill()
        old.process.wait()
        client.connect(split_address(address))
        for number in range(50):
            client.send(dns.message.make_query(f"www.{ORIGIN}", "A", id=number).to_wire())
        async with the_edge_at(place, predecessor, tmp_path, feed.url, address) as new:
            await new.serves(3)
            client.settimeout(DEADLINE_S)
            answered = {int.from_bytes(client.recv(4096)[:2], "big") for _ in range(50)}
            assert answered == set(range(50))
            assert await new.answer() == [OLD]


GARBAGE = {
    "nothing": [],
    "no JSON": [b"\xff\x00garbage"],
    "another kind": [b'{"kind": "serving"}'],
    "an unknown field": [b'{"kind": "ask", "colour": "red"}'],
    "descriptors that do not come": [b'{"kind": "ask", "descriptors": 3}'],
    "a long packet": [b"x" * 100_000],
    "no word after asking": [b'{"kind": "ask"}'],
    "asking twice": [b'{"kind": "ask"}', b'{"kind": "ask"}'],
}


@pytest.mark.parametrize("packets", GARBAGE.values(), ids=GARBAGE.keys())
async def test_garbage_at_the_door_changes_nothing(feed, old, tmp_path, packets, caplog):
    with at_the_door(tmp_path) as stranger:
        for packet in packets:
            stranger.send(packet)
    await eventually(lambda: "does not take over, answering goes on" in caplog.text, "that is logged")
    await goes_on(feed, old, tmp_path)


async def test_one_who_says_nothing_is_not_waited_for(feed, old, tmp_path, monkeypatch):
    monkeypatch.setattr("edge.handover.ASK_S", 0.1)
    with at_the_door(tmp_path):
        await goes_on(feed, old, tmp_path)


def at_the_door(home) -> socket.socket:
    stranger = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    directory = os.open(home, os.O_PATH)
    stranger.connect(f"/proc/self/fd/{directory}/{DOOR}")
    os.close(directory)
    return stranger


async def test_another_user_is_refused(feed, old, tmp_path, monkeypatch, caplog):
    assert (tmp_path / DOOR).stat().st_mode & 0o777 == 0o600
    user = os.geteuid()
    with monkeypatch.context() as patched:
        patched.setattr("edge.handover.os.geteuid", lambda: user + 1)
        with pytest.raises(PlaceError, match=f"user {user} asks for its place"):
            await take_place(tmp_path, take_over=True)
    await goes_on(feed, old, tmp_path)


async def test_no_update_comes_between_offer_and_successor(feed, old, tmp_path):
    place, predecessor = await take_place(tmp_path, take_over=True)
    feed.publish(a_world(2, NEW))
    await asyncio.sleep(0.3)  # more than a poll: nothing tells that nothing happens
    assert await old.answer() == [OLD]
    async with the_edge_at(place, predecessor, tmp_path, feed.url, *old.serving.addresses) as new:
        await new.serves(2)
        await old.running
        assert await new.answer() == [NEW]


async def test_an_update_that_waited_for_the_hand_over_is_not_written_to_the_successor_s_disk(
    feed, tmp_path, monkeypatch
):
    monkeypatch.setattr("edge.agent.KEEP_HEALTH_S", 60)  # nobody else waits to write
    feed.publish(a_world(1, OLD))
    async with an_edge(tmp_path, feed.url, a_free_address()) as old:
        await old.serves(1)
        place, predecessor = await take_place(tmp_path, take_over=True)
        kept = []
        monkeypatch.setattr(Store, "keep", lambda _, manifest, chunks: kept.append(manifest.generation))
        feed.publish(a_world(2, NEW))
        await asyncio.sleep(0.3)  # more than a poll: nothing tells that it waits
        close_all(await predecessor.relieve())
        await old.running
    close_all(predecessor.sockets)
    predecessor.close()
    place.give_up()
    assert kept == []
