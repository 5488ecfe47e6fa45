"""A relay: edges behind it get all that it has, under their own names, and know when it has nothing new to give."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import asynccontextmanager
from uuid import UUID

import aiohttp
import pytest

from edge.agent import Agent
from edge.doors import Doors, relay_of
from edge.feed import Feed
from edge.feeds import Feeds
from edge.framed import LENGTH
from edge.relay.maps import Maps
from edge.relay.news import News, RelayError, Told
from edge.relay.visitors import ASKS_AT_ONCE, GOOD_S, Visitors
from edge.report import Reports
from edge.serving import Serving
from edge.store import Store
from edge.trust.keeper import pin
from edge.trust.keys import PrivateKey
from edge.trust.refusal import Reason
from tests.edge.conftest import SILENCE_S, Node, a_free_address, a_node, a_world, eventually
from tests.edge.fake_feed import TOKEN, FakeFeed
from tests.edge.publisher import Publisher
from tests.edge.test_feeds import at, beating, delta
from tests.edge.test_latency import message

OLD, NEW = "192.0.2.1", "192.0.2.2"
RELAY_TOKEN = "the-relays-token"
OUTSIDE = {"events": 503, "manifest": 503, "report": 503, "chunks": 503, "latency": 503, "trust": 503}


class RelayNode(Node):
    """A node that serves the feed on, at `url`."""

    def __init__(self, serving, agent, relay) -> None:
        super().__init__(serving, agent)
        self.relay = relay

    @property
    def url(self) -> str:
        return f"http://{self.relay.address}"


@asynccontextmanager
async def a_relay(home, *urls: str, name: str = "relay-1", address: str | None = None):
    feeds = Feeds([Feed(url, RELAY_TOKEN, silence_s=SILENCE_S) for url in urls])
    serving, store = Serving(["127.0.0.1:0"]), Store(home)
    agent = Agent(feeds, store, serving, Reports(UUID(int=9), "test"), news=News(name))
    relay = relay_of(Doors(relay=address or a_free_address()), agent, serving, store)
    running = [asyncio.create_task(agent.run()), asyncio.create_task(relay.serve())]
    try:
        await eventually(lambda: relay.address is not None, "the relay listens")
        yield RelayNode(serving, agent, relay)
    finally:
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        await feeds.close()


@pytest.fixture
async def central(feed, monkeypatch):
    """The feed of a web process that knows the relay and an edge."""
    monkeypatch.setattr("edge.relay.listener.HEARTBEAT_S", 0.1)
    feed.tokens = {TOKEN, RELAY_TOKEN}
    at(feed, 1, OLD, health=7)
    async with beating(feed):
        yield feed


async def test_a_map_that_is_not_yet_on_the_disk_is_read_once_it_is(tmp_path):
    store = Store(tmp_path)
    maps = Maps(store)
    first, second = (LENGTH.pack(len(one)) + one for one in (message(4, 0, 1), message(5, 4, 2)))
    store.keep_latency(first)
    assert await maps.since(4, newest=5) == b"", "the second one is still being written"
    store.add_latency(second)
    assert await maps.since(4, newest=5) == second
    assert await maps.since(5, newest=5) == b""
    assert await maps.since(0, newest=5) == first + second
    assert await maps.since(3, newest=5) == first + second, "a map that is not in the chain"


async def follows(relay: RelayNode) -> None:
    await eventually(lambda: relay.agent.news.followers > 0, "an edge follows the relay")


async def test_an_edge_behind_a_relay_gets_snapshot_health_and_latencies_and_never_asks_the_centre(central, tmp_path):
    central.latency = {0: [message(4, 0, 1, 2), message(5, 4, 3)]}
    async with a_relay(tmp_path / "relay", central.url) as relay:
        await relay.serves(1)
        await eventually(lambda: relay.serving.latency.sequence == 5, "the relay has the map")
        async with a_node(tmp_path / "edge", relay.url) as node:
            await node.serves(1)
            await eventually(lambda: node.serving.health.sequence == 7, "the edge has the health")
            await eventually(lambda: node.serving.latency.sequence == 5, "the edge has the map")
            assert await node.answer() == [OLD]

            central.latency = {5: [message(6, 5, 4)]}
            central.say("latency", {"sequence": 6})
            central.say("health", delta(8, "down"))
            central.publish(a_world(2, NEW))
            await node.serves(2)
            await eventually(lambda: node.serving.health.sequence == 8, "the edge has the delta")
            await eventually(lambda: node.serving.latency.sequence == 6, "the edge has the newer map")
            assert node.serving.latency.rows == 4

    asked = [what for who, what in zip(central.visitors, central.asked, strict=True) if who == TOKEN]
    assert set(asked) <= {"manifest", "report", "trust"}
    assert asked.count("manifest") == 1, "who it is was asked once"


async def test_reports_go_up_under_the_name_of_their_author(central, tmp_path):
    central.knows_condition = True
    async with a_relay(tmp_path / "relay", central.url) as relay, a_node(tmp_path / "edge", relay.url) as node:
        await node.serves(1)
        await follows(relay)
        for _ in range(3):
            await node.answer()

        def counted() -> int:
            mine = [report for report in central.reports if report["boot_id"] != str(UUID(int=9))]
            return sum(answer["count"] for report in mine for answer in report["answers"])

        await eventually(lambda: counted() == 3, "what the edge answered is told")

        def told() -> set[tuple[str, int]]:
            conditions = [report["condition"] for report in central.reports if "condition" in report]
            return {(condition["feed"], condition["relays"]) for condition in conditions}

        await eventually(lambda: told() >= {(relay.url, 1), (central.url, 0)}, "both tell whom they follow")


@pytest.fixture
def publisher():
    return Publisher()


def pinned(home, publisher: Publisher):
    """The state directory of a node that is enrolled and has met no feed yet."""
    pin(Store(home), publisher.pin)
    return home


async def leaves_for(node: Node, url: str) -> None:
    await eventually(lambda: node.agent.feeds.followed.name == url, f"{url} is left to")


def refused(node: Node) -> dict[str, int]:
    return {str(reason): count for reason, count in node.agent.condition("").refusals.items()}


async def test_a_pinned_edge_behind_a_relay_gets_what_is_signed_and_follows_a_rotation(central, tmp_path, publisher):
    publisher.publish(central, a_world(1, OLD))
    async with (
        a_relay(tmp_path / "relay", central.url) as relay,
        a_node(pinned(tmp_path / "edge", publisher), relay.url) as node,
    ):
        await node.serves(1)
        assert node.agent.condition("").trust_version == 1
        publisher.rotate()
        publisher.publish(central, a_world(2, NEW))
        await node.serves(2)
        await eventually(lambda: node.agent.condition("").trust_version == 2, "the rotation is heard of")
        assert refused(node) == {}


async def test_a_relay_that_starts_while_the_centre_is_away_gives_pinned_edges_what_is_signed(
    central, tmp_path, publisher
):
    publisher.publish(central, a_world(1, OLD))
    address = a_free_address()
    async with a_relay(tmp_path / "relay", central.url, address=address) as relay:
        async with a_node(pinned(tmp_path / "edge", publisher), relay.url) as node:
            await node.serves(1)
        await eventually(lambda: Store(tmp_path / "relay").trust() is not None, "the relay knows whom to trust")
        central.failing = OUTSIDE
        central.hang_up()
        await eventually(lambda: not relay.agent.in_contact, "the relay is on its own")

    async with (
        a_relay(tmp_path / "relay", central.url, address=address) as relay,
        a_node(pinned(tmp_path / "empty disk", publisher), relay.url) as pinned_node,
        a_node(tmp_path / "never enrolled", relay.url) as node,
        a_node(pinned(tmp_path / "of another", Publisher()), relay.url) as stranger,
    ):
        await pinned_node.serves(1)
        await node.serves(1)
        await eventually(lambda: Reason.KEY in refused(stranger), "the pin of another installation is minded")
        assert stranger.serving.generation == 0
        central.failing = {}
        await eventually(lambda: pinned_node.agent._trust.kept.site == "ams", "who it is, it learns later")


async def test_a_relay_that_was_kept_without_a_signature_gives_the_one_that_the_centre_has(
    central, tmp_path, publisher
):
    """As after an upgrade from a release that minded no signatures, and after a crash between two files."""
    publisher.publish(central, a_world(1, OLD))
    async with a_relay(tmp_path / "relay", central.url) as relay:
        await relay.serves(1)
    (tmp_path / "relay" / "manifest.signature.json").unlink()
    address = a_free_address()
    async with (
        a_relay(tmp_path / "relay", central.url, address=address) as relay,
        a_node(pinned(tmp_path / "edge", publisher), relay.url) as node,
    ):
        await node.serves(1)
        central.failing = OUTSIDE
        central.hang_up()
        await eventually(lambda: not relay.agent.in_contact, "the relay is on its own")
    async with (
        a_relay(tmp_path / "relay", central.url, address=address),
        a_node(pinned(tmp_path / "another edge", publisher), f"http://{address}") as node,
    ):
        await node.serves(1)


async def test_a_relay_whose_disk_is_full_has_its_edges_fetch_from_another_feed(central, tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    async with FakeFeed().running() as other, beating(other):
        at(other, 1, OLD, health=7)
        async with (
            a_relay(tmp_path / "relay", central.url) as relay,
            a_node(tmp_path / "edge", relay.url, other.url) as node,
        ):
            await node.serves(1)
            await follows(relay)
            monkeypatch.setattr(relay.relay._chunks._store, "keep", full)
            central.publish(a_world(2, NEW))
            await relay.serves(2)
            other.publish(a_world(2, NEW))
            await node.serves(2)
            assert refused(node) == {}
            assert relay.agent.news.generation == 1, "others could not have its chunks"
            monkeypatch.undo()
            await eventually(lambda: relay.agent.news.generation == 2, "it is announced once it is on the disk")


async def test_a_feed_that_lies_is_left_and_leaves_nothing_behind(central, tmp_path, publisher):
    publisher.publish(central, a_world(5, OLD))
    async with FakeFeed().running() as liar, beating(liar):
        publisher.tell(liar)
        for world, key in ((a_world(4, NEW), None), (a_world(5, NEW), None), (a_world(6, NEW), PrivateKey.generate())):
            home = pinned(tmp_path / str(len(liar.asked)), publisher)
            async with a_node(home, central.url) as node:
                await node.serves(5)
            at(liar, world.generation, NEW, health=7)
            publisher.publish(liar, world, key)
            async with a_node(home, liar.url, central.url) as node:
                await leaves_for(node, central.url)
                assert sum(refused(node).values()) > 0
                assert await node.answer() == [OLD]


async def test_an_etag_of_another_manifest_does_not_hide_that_one_at_other_feeds(central, tmp_path, publisher):
    publisher.publish(central, a_world(1, OLD))
    async with FakeFeed().running() as liar, beating(liar):
        at(liar, 1, OLD, health=7)
        publisher.publish(liar, a_world(1, OLD))
        liar.etag = f'"{hashlib.sha256(a_world(2, NEW).manifest_with_lists()).hexdigest()}"'
        async with a_node(pinned(tmp_path, publisher), liar.url, central.url) as node:
            await node.serves(1)
            publisher.publish(central, a_world(2, NEW))
            liar.failing = OUTSIDE
            liar.hang_up()
            await node.serves(2)


async def test_strangers_get_nothing(central, tmp_path):
    async with a_relay(tmp_path, central.url) as relay, aiohttp.ClientSession() as stranger:
        await relay.serves(1)
        for path in ("manifest", "events", f"chunks/{'0' * 64}", "latency"):
            for authorization in ("", "Bearer wrong", f"Token {TOKEN}"):
                url, headers = f"{relay.url}/edge/v1/{path}", {"Authorization": authorization}
                async with stranger.get(url, headers=headers) as response:
                    assert (response.status, response.content_type) == (401, "application/problem+json")
        assert central.visitors.count("wrong") == 1, "it is not asked about again for a while"


async def test_a_token_that_is_no_text_is_a_stranger_s(central, tmp_path):
    async with a_relay(tmp_path, central.url) as relay:
        await relay.serves(1)
        host, _, port = relay.relay.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /edge/v1/manifest HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xff\r\n\r\n")
        assert b" 401 " in await reader.readline()
        writer.close()
        await writer.wait_closed()


async def test_while_the_centre_is_away_known_edges_start_from_the_relay_and_know_that_news_are_missing(
    central, tmp_path
):
    address = a_free_address()
    async with a_relay(tmp_path / "relay", central.url, address=address) as relay:
        async with a_node(tmp_path / "edge", relay.url) as node:
            await node.serves(1)
            await follows(relay)
        central.failing = OUTSIDE
        central.hang_up()
        await eventually(lambda: not relay.agent.in_contact, "the relay is on its own")

    async with (
        a_relay(tmp_path / "relay", central.url, address=address) as relay,
        a_node(tmp_path / "new edge", relay.url) as node,
    ):
        await node.serves(1)
        assert await node.answer() == [OLD]
        assert not node.agent.in_contact

        central.failing = {}
        await eventually(lambda: node.agent.in_contact, "both are in contact again")


async def test_a_relay_without_contact_sends_its_edges_to_their_other_feed(central, tmp_path):
    async with FakeFeed().running() as other, beating(other):
        at(other, 2, NEW)
        async with (
            a_relay(tmp_path / "relay", central.url) as relay,
            a_node(tmp_path / "edge", relay.url, other.url) as node,
        ):
            await follows(relay)
            central.failing = OUTSIDE
            central.hang_up()
            await node.serves(2)
            await eventually(lambda: node.agent.feeds.followed.name == other.url, "the other one is followed")


async def test_relays_may_form_a_chain(central, tmp_path):
    async with (
        a_relay(tmp_path / "far", central.url, name="far") as far,
        a_relay(tmp_path / "near", far.url, name="near") as near,
        a_node(tmp_path / "edge", near.url) as node,
    ):
        await node.serves(1)
        await eventually(lambda: node.agent.news.above == ["near", "far"], "the edge knows the way")
        central.publish(a_world(2, NEW))
        await node.serves(2)


async def test_relays_that_follow_each_other_notice_it_and_never_take_each_other_for_the_centre(central, tmp_path):
    one, other = a_free_address(), a_free_address()
    async with (
        a_relay(tmp_path / "one", f"http://{other}", central.url, name="one", address=one) as first,
        a_relay(tmp_path / "other", f"http://{one}", central.url, name="other", address=other) as second,
    ):
        await first.serves(1)
        await second.serves(1)
        central.publish(a_world(2, NEW))
        await first.serves(2)
        await second.serves(2)

        def one_follows_the_centre() -> bool:
            return central.url in (first.agent.feeds.followed.name, second.agent.feeds.followed.name)

        await eventually(one_follows_the_centre, "they do not follow each other alone")


def test_a_feed_that_follows_this_very_node_or_is_far_away_is_refused():
    news = News("here")
    with pytest.raises(RelayError, match="follows this very edge"):
        news.tell_relays('{"relays": ["there", "here"]}')
    with pytest.raises(RelayError, match="8 relays away"):
        news.tell_relays('{"relays": ["1", "2", "3", "4", "5", "6", "7", "8"]}')
    for garbage in ("{", "[]", '{"relays": 7}', '{"relays": [7]}'):
        with pytest.raises(RelayError):
            news.tell_relays(garbage)
    assert news.above == []


def test_each_stream_is_told_what_it_lacks_and_each_event_is_encoded_once():
    news = News("here")
    news.tell_generation(3)
    news.tell_latency(5)
    news.tell_health(7, "full 7")
    news.tell_health(8, "delta 8")
    at_seven, new, at_nine = Told(health=7), Told(), Told(health=9)

    assert [b"delta 8" in octets for octets in news.events(at_seven, lambda: "full 8")][-1]
    told = list(news.events(new, lambda: "full 8"))
    assert [b"event: relays" in told[0], b"event: generation" in told[1], b"event: latency" in told[2]] == [True] * 3
    assert told[3] == b"id: 8\nevent: health\ndata: full 8\n\n"
    assert list(news.events(at_nine, lambda: "made anew"))[-1] is told[3]
    assert list(news.events(new, lambda: "full 8")) == []


class Centre:
    """Knows some tokens, and can be away."""

    def __init__(self, *known: str) -> None:
        self.known = set(known)
        self.is_away = False
        self.asked = 0

    async def ask(self, authorization: str) -> bool | None:
        self.asked += 1
        return None if self.is_away else authorization in self.known


async def test_a_token_is_asked_about_once_until_its_time_is_over_and_kept_while_nobody_answers(tmp_path):
    centre = Centre("good")
    visitors = Visitors(tmp_path, centre.ask, lambda: 0.5)
    assert [await visitors.is_good("good", now) for now in (0.0, GOOD_S - 1)] == [True, True]
    assert centre.asked == 1
    centre.is_away = True
    assert await visitors.is_good("good", GOOD_S + 1)
    assert await visitors.is_good("new", GOOD_S + 1) is None

    started_anew = Visitors(tmp_path, centre.ask, lambda: 0.5)
    assert await started_anew.is_good("good", 0.0)
    assert "good" not in (tmp_path / "relay.visitors.json").read_text()
    centre.is_away = False
    centre.known.clear()
    assert await started_anew.is_good("good", 1.0) is False
    centre.is_away = True
    assert await Visitors(tmp_path, centre.ask, lambda: 0.5).is_good("good", 0.0) is None, "it is forgotten"


async def test_made_up_tokens_reach_the_centre_a_few_at_a_time_and_each_once(tmp_path):
    asked: list[str] = []
    answered = asyncio.Event()

    async def ask(authorization: str) -> bool:
        asked.append(authorization)
        await answered.wait()
        return False

    visitors = Visitors(tmp_path, ask, lambda: 0.5)
    waiting = [asyncio.ensure_future(visitors.is_good(str(number % 50), 0.0)) for number in range(200)]
    await eventually(lambda: len(asked) == ASKS_AT_ONCE, "some are asked about")
    answered.set()
    assert not any(await asyncio.gather(*waiting))
    assert sorted(asked) == sorted(map(str, range(50)))


async def test_what_is_remembered_of_visitors_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("edge.relay.visitors.MAX_GOOD", 5)
    centre = Centre(*map(str, range(20)))
    visitors = Visitors(tmp_path, centre.ask, lambda: 0.5)
    for number in range(20):
        assert await visitors.is_good(str(number), 0.0)
    centre.is_away = True
    remembered = [await visitors.is_good(str(number), GOOD_S * 2) for number in range(20)]
    assert remembered == [None] * 15 + [True] * 5
