"""The agent: serves the newest verified generation, whatever the feed and the disk do (P1, P2, P5)."""

from __future__ import annotations

import logging

import pytest

from edge.store import Store
from telemetry.report import Handshake
from tests.edge.conftest import ORIGIN, a_node, a_world, eventually
from tests.worlds import World, digest_of

OLD, NEW, NEWER = "192.0.2.1", "192.0.2.2", "192.0.2.3"


async def test_an_edge_with_nothing_waits_for_the_first_snapshot_and_says_so(feed, tmp_path, caplog):
    async with a_node(tmp_path, feed.url) as node:
        await feed.until_connected()
        assert node.serving.addresses == []
        assert "waiting for the first snapshot" in caplog.text

        feed.publish(a_world(1, OLD))
        await node.serves(1)
        assert await node.answer() == [OLD]


async def test_a_new_generation_is_served_as_soon_as_it_is_announced_and_only_what_is_new_is_fetched(feed, tmp_path):
    feed.publish(a_world(1, OLD))
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(1)
        await feed.until_connected()
        feed.asked.clear()
        feed.publish(a_world(2, NEW))
        await node.serves(2)

        assert await node.answer() == [NEW]
        fetched = [path for path in feed.asked if path.startswith("chunks/")]
        new = a_world(2, NEW)
        assert fetched == [f"chunks/{digest_of(chunk)}" for chunk in (*new.lists().values(), new.zones[ORIGIN])]


async def test_an_announcement_that_is_lost_is_found_by_looking(feed, tmp_path):
    feed.failing["events"] = 500
    feed.publish(a_world(1, OLD))
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(1)
        feed.publish(a_world(2, NEW))
        await node.serves(2)


async def test_an_edge_starts_from_its_disk_without_any_feed(feed, tmp_path):
    feed.publish(a_world(7, OLD))
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(7)

    async with a_node(tmp_path, "http://127.0.0.1:1") as node:
        await node.serves(7)
        assert await node.answer() == [OLD]


async def test_an_edge_that_lost_contact_serves_on_and_catches_up(feed, tmp_path, caplog):
    feed.publish(a_world(1, OLD))
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(1)
        await feed.until_connected()
        feed.failing = dict.fromkeys(["events", "manifest", "report"], 503)
        feed.hang_up()
        await eventually(lambda: "serving generation 1 on" in caplog.text, "the loss is logged")
        assert await node.answer() == [OLD]

        feed.greet_with("generation", {"generation": 2})
        feed.failing.clear()
        feed.publish(a_world(2, NEW))
        await node.serves(2)
        await eventually(lambda: "in contact with the feed again" in caplog.text, "the contact is logged")


def spoiled(chunks: dict[str, bytes], spoil) -> dict[str, bytes]:
    return {digest: spoil(content) for digest, content in chunks.items()}


def without_apex(generation: int) -> World:
    """Chunks whose digests are right and whose zone has no NS (P3)."""
    world = World(generation=generation)
    return world.add_zone(ORIGIN, "@ 300 IN SOA ns1 hostmaster 1 7200 3600 1209600 300\nwww 60 IN A 192.0.2.66\n")


BAD_OFFERS = {
    "a truncated chunk": (a_world(6, NEW).manifest(), spoiled(a_world(6, NEW).chunks(), lambda content: content[:-1])),
    "another content": (a_world(6, NEW).manifest(), spoiled(a_world(6, NEW).chunks(), lambda _: b"TMZ1 but not this")),
    "no chunk": (a_world(6, NEW).manifest(), {}),
    "an older generation": (a_world(4, NEW).manifest(), a_world(4, NEW).chunks()),
    "the same generation with other content": (a_world(5, NEW).manifest(), a_world(5, NEW).chunks()),
    "garbage": (b"\x00\xff not a manifest", {}),
    "a truncated manifest": (a_world(6, NEW).manifest()[:-20], a_world(6, NEW).chunks()),
    "an unknown format": (a_world(6, NEW).manifest(format=3), a_world(6, NEW).chunks()),
    "a generation that is no number": (a_world(6, NEW).manifest(generation="6"), a_world(6, NEW).chunks()),
    "a digest that leads out of the directory": (a_world(6, NEW).manifest(policies="../../etc/passwd"), {}),
    "a zone without NS": (without_apex(6).manifest(), without_apex(6).chunks()),
    "a zone under a foreign origin": (
        a_world(6, NEW).manifest(zones={"evil.test.": digest_of(next(iter(a_world(6, NEW).zones.values())))}),
        a_world(6, NEW).chunks(),
    ),
    "policies that are none": (
        a_world(6, NEW).manifest(policies=digest_of(b"[]")),
        a_world(6, NEW).chunks() | {digest_of(b"[]"): b"[]"},
    ),
}


@pytest.mark.parametrize("offer", BAD_OFFERS.values(), ids=BAD_OFFERS.keys())
async def test_a_bad_offer_is_refused_and_the_last_good_generation_serves_on(feed, tmp_path, caplog, offer):
    feed.publish(a_world(5, OLD))
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(5)
        caplog.clear()
        feed.offer(*offer)
        await eventually(lambda: "nothing newer than generation 5" in caplog.text, "the refusal is logged")
        assert await node.answer() == [OLD]

        feed.publish(a_world(7, NEWER))
        await node.serves(7)
        assert await node.answer() == [NEWER]


async def test_a_chunk_that_came_spoiled_is_fetched_again_and_its_generation_served(feed, tmp_path, caplog):
    feed.publish(a_world(5, OLD))
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(5)
        world = a_world(6, NEW)
        feed.offer(world.manifest(), spoiled(world.chunks(), lambda content: content[:-1]))
        await eventually(lambda: "nothing newer than generation 5" in caplog.text, "the refusal is logged")

        feed.publish(world)
        await node.serves(6)
        assert await node.answer() == [NEW]


async def test_an_edge_never_goes_back_over_a_restart(feed, tmp_path, caplog):
    feed.publish(a_world(9, OLD))
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(9)
    feed.publish(a_world(8, NEW))
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(9)
        await eventually(lambda: "generation 8 refused" in caplog.text, "the older generation is refused")
        assert await node.answer() == [OLD]


async def test_a_token_nobody_knows_is_said_plainly(feed, tmp_path, caplog):
    async with a_node(tmp_path, feed.url, token="wrong"):
        await eventually(lambda: "does not know this node's token" in caplog.text, "the refusal is logged")


async def test_a_spoiled_newest_generation_on_disk_gives_way_to_the_one_before(feed, tmp_path, caplog):
    for world in (a_world(1, OLD), a_world(2, NEW)):
        feed.publish(world)
        async with a_node(tmp_path, feed.url) as node:
            await node.serves(world.generation)
    spoil_chunk(tmp_path, a_world(2, NEW))

    async with a_node(tmp_path, "http://127.0.0.1:1") as node:
        await node.serves(1)
        assert await node.answer() == [OLD]
    assert "generation 2 on disk cannot be served" in caplog.text
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(2)
        assert await node.answer() == [NEW]


def spoil_chunk(home, world: World) -> None:
    (home / "chunks" / digest_of(world.zones[ORIGIN])).write_bytes(b"spoiled")


async def test_a_disk_that_takes_nothing_does_not_hold_back_an_update(feed, tmp_path, caplog, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    feed.publish(a_world(1, OLD))
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(1)
        with monkeypatch.context() as disk:
            disk.setattr(Store, "keep", full)
            feed.publish(a_world(2, NEW))
            await node.serves(2)
        assert "served but not kept on disk" in caplog.text
        feed.publish(a_world(3, NEW))
        await node.serves(3)
    async with a_node(tmp_path, "http://127.0.0.1:1") as node:
        await node.serves(3)


async def test_health_is_followed_kept_and_asked_for_from_where_it_stands(feed, tmp_path):
    feed.greet_with("health", {"sequence": 4, "full": True, "states": [[10, 4, "up"]]})
    feed.publish(a_world(1, OLD))
    async with a_node(tmp_path, feed.url) as node:
        await eventually(lambda: node.serving.health.sequence == 4, "the full health is believed")
        feed.greet_with("health", {"sequence": 5, "full": False, "states": [[10, 4, "down"]]})
        feed.hang_up()
        await eventually(lambda: node.serving.health.states == [(10, 4, "down")], "the delta is applied")
        assert feed.last_event_ids[:2] == [None, "4"]
        await eventually(lambda: b'"sequence": 5' in (Store(tmp_path).health() or b""), "health is on disk")

    async with a_node(tmp_path, "http://127.0.0.1:1") as node:
        await node.serves(1)
        assert node.serving.health.states == [(10, 4, "down")]


async def test_loads_come_with_health_and_are_kept(feed, tmp_path):
    loads = [[10, 0.73, 1000, 60], [11, 1.25, 1000, 60]]
    views = [[10, 4, [[1, True], [2, False]]]]
    said = {"states": [], "loads": loads, "failing": [[10, 4, True]], "views": views}
    feed.greet_with("health", {"sequence": 4, "full": True, **said})
    feed.publish(a_world(1, OLD))
    async with a_node(tmp_path, feed.url) as node:
        await eventually(lambda: len(node.serving.health.loads) == 2, "the loads are known")
        feed.say("health", {"sequence": 5, "full": False, "states": [], "loads": [[10, None, 1000, 60]]})
        await eventually(lambda: len(node.serving.health.loads) == 1, "one is forgotten")
        await eventually(lambda: b'"sequence": 5' in (Store(tmp_path).health() or b""), "health is on disk")

    async with a_node(tmp_path, "http://127.0.0.1:1") as node:
        await node.serves(1)
        assert node.serving.health.loads == [(11, 1.25, 1000, 60)]
        assert node.serving.health.failing == [(10, 4, True)]
        assert node.serving.health.views == [(10, 4, [(1, True), (2, False)])]


@pytest.mark.parametrize(
    "message",
    [
        {"sequence": 9, "full": False, "states": [[10, 4, "down"]]},
        {"sequence": 5, "full": False, "states": [[10, 5, "down"]]},
        {"sequence": 5, "full": False, "states": [[10, 4, "sideways"]]},
        {"sequence": 5, "full": False, "states": [], "loads": [[10, -1, 1000, 60]]},
        "not JSON",
    ],
    ids=["a gap", "an unknown family", "an unknown state", "a load below 0", "no JSON"],
)
async def test_health_that_does_not_follow_is_left_out_and_the_full_one_asked_for(feed, tmp_path, message):
    feed.greet_with("health", {"sequence": 4, "full": True, "states": [[10, 4, "up"]]})
    feed.publish(a_world(1, OLD))
    async with a_node(tmp_path, feed.url) as node:
        await eventually(lambda: node.serving.health.sequence == 4, "the full health is believed")
        feed.say("health", message)
        await eventually(lambda: len(feed.last_event_ids) == 2, "the node connects again")

        assert feed.last_event_ids == [None, None]
        assert node.serving.health.states == [(10, 4, "up")]


async def test_a_feed_that_has_no_news_is_not_taken_for_lost(feed, tmp_path, monkeypatch):
    monkeypatch.setattr("edge.agent.TELL_AGE_S", 0.01)
    ages_s: list[float] = []
    async with a_node(tmp_path, feed.url) as node:
        monkeypatch.setattr(node.serving, "tell_age", ages_s.append)
        await feed.until_connected()
        await eventually(lambda: ages_s[-1:] > [0.3], "silence makes it older")
        feed.beat()
        await eventually(lambda: ages_s[-1] < 0.3, "a heartbeat is contact")


async def test_a_report_that_was_not_acknowledged_goes_again_as_it_was(feed, tmp_path):
    feed.publish(a_world(1, OLD))
    feed.failing["report"] = 503
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(1)
        await node.answer()
        await eventually(lambda: feed.asked.count("report") >= 3, "reports are tried")
        await node.answer()
        feed.failing.clear()
        await eventually(lambda: sum(counted(report) for report in feed.reports) == 2, "both answers are reported")

    sequences = [report["sequence"] for report in feed.reports]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))
    assert sequences[0] == 1


def counted(report) -> int:
    return sum(answer["count"] for answer in report["answers"])


async def test_a_report_the_feed_calls_malformed_is_dropped_not_repeated_for_ever(feed, tmp_path, caplog):
    feed.publish(a_world(1, OLD))
    feed.failing["report"] = 400
    async with a_node(tmp_path, feed.url):
        await eventually(lambda: "a report is lost" in caplog.text, "the loss is logged")
        feed.failing.clear()
        await eventually(lambda: bool(feed.reports), "the next report is taken")
    assert feed.reports[0]["sequence"] > 1


@pytest.fixture(autouse=True)
def _logged(caplog):
    caplog.set_level(logging.INFO)


async def test_the_handshake_of_a_client_over_tcp_is_reported_once(feed, tmp_path):
    feed.publish(a_world(1, OLD))
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(1)
        assert await node.answer_over_tcp() == [OLD]
        await eventually(lambda: any("handshakes" in report for report in feed.reports), "it is reported")
        told = len(feed.reports)
        await eventually(lambda: len(feed.reports) > told + 1, "others are reported")
    (handshake,) = [seen for report in feed.reports for seen in report.get("handshakes", [])]
    assert Handshake.model_validate(handshake).client == "127.0.0.0", "it is what the feed takes"
