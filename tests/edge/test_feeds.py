"""Several feeds: one that dies, hangs, lies or is behind costs seconds, and nothing ever leads back (P1, P5)."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.backoff import Backoff
from edge.choice import Choice, Position
from tests.edge.conftest import a_node, a_world, eventually
from tests.edge.fake_feed import FakeFeed
from tests.edge.test_latency import message

OLD, NEW, NEWER = "192.0.2.1", "192.0.2.2", "192.0.2.3"


@pytest.fixture
async def two_feeds(feed, monkeypatch):
    """The preferred feed and another one."""
    monkeypatch.setattr("edge.feeds.TICK_S", 0.05)
    monkeypatch.setattr("edge.feeds.LOOK_S", 0.2)
    monkeypatch.setattr("edge.feeds.GRACE_S", 1.0)
    monkeypatch.setattr("edge.choice.LOOK_EVERY_S", 0.1)
    monkeypatch.setattr("edge.choice.AVOID_FIRST_S", 0.6)
    monkeypatch.setattr("edge.choice.AVOID_MOST_S", 0.6)
    async with FakeFeed().running() as other:
        yield feed, other


def at(feed: FakeFeed, generation: int, address: str, health: int = 0) -> None:
    """Have `feed` be at a generation and a health, and say so to all who follow."""
    world = a_world(generation, address)
    feed.offer(world.manifest(), world.chunks())
    feed.greet_with("generation", {"generation": generation})
    if health:
        feed.greet_with("health", full(health))


def full(sequence: int, state: str = "up") -> dict:
    return {"sequence": sequence, "full": True, "states": [[10, 4, state]]}


def delta(sequence: int, state: str) -> dict:
    return full(sequence, state) | {"full": False}


@asynccontextmanager
async def fed_by(home, *feeds: FakeFeed):
    async with a_node(home, *(feed.url for feed in feeds)) as node:
        yield node


async def test_the_preferred_feed_is_followed(two_feeds, tmp_path):
    preferred, other = two_feeds
    at(preferred, 1, OLD)
    at(other, 1, OLD)
    async with fed_by(tmp_path, preferred, other) as node:
        await node.serves(1)
        await preferred.until_connected()
        assert node.agent.feeds.followed.name == preferred.url


async def test_a_feed_that_dies_is_left_for_the_other_and_returned_to(two_feeds, tmp_path):
    preferred, other = two_feeds
    at(preferred, 1, OLD)
    at(other, 1, OLD)
    async with fed_by(tmp_path, preferred, other) as node:
        await node.serves(1)
        await preferred.until_connected()
        preferred.failing = dict.fromkeys(["events", "manifest", "report", "chunks"], 503)
        preferred.hang_up()
        await other.until_connected()
        at(other, 2, NEW)
        await node.serves(2)
        assert await node.answer() == [NEW]
        await eventually(lambda: bool(other.reports), "reports go there too")

        at(preferred, 2, NEW)
        preferred.failing.clear()
        await eventually(lambda: node.agent.feeds.followed.name == preferred.url, "it is returned to")
        await preferred.until_connected()


async def test_a_feed_that_falls_silent_is_left_though_its_connection_stays(two_feeds, tmp_path):
    preferred, other = two_feeds
    at(preferred, 1, OLD)
    at(other, 2, NEW)
    async with fed_by(tmp_path, preferred, other) as node:
        await node.serves(2)
        await eventually(lambda: node.agent.feeds.followed.name == other.url, "the silent one is left")
        assert await node.answer() == [NEW]


async def test_a_feed_that_lies_behind_is_left_for_the_one_that_knows_more(two_feeds, tmp_path):
    preferred, other = two_feeds
    at(preferred, 1, OLD)
    at(other, 1, OLD)
    async with fed_by(tmp_path, preferred, other) as node, beating(preferred, other):
        await node.serves(1)
        at(other, 2, NEW)
        await node.serves(2)
        await eventually(lambda: node.agent.feeds.followed.name == other.url, "it follows who knows more")


async def test_a_feed_that_fails_is_left_at_once_for_one_that_is_well(two_feeds, tmp_path):
    """Were there a pause, its wait could be over by then, again and again."""
    preferred, other = two_feeds
    preferred.failing = dict.fromkeys(["events", "manifest", "report", "chunks"], 503)
    at(other, 5, NEW, health=7)
    async with fed_by(tmp_path, preferred, other) as node, beating(preferred, other):
        node.agent._reconnect = Backoff(lambda: 1.0, first_s=3600.0, most_s=3600.0)
        await eventually(lambda: node.serving.health.sequence == 7, "its health is known")


async def test_a_preferred_feed_that_is_behind_is_not_returned_to_until_it_has_caught_up(two_feeds, tmp_path):
    preferred, other = two_feeds
    preferred.failing = dict.fromkeys(["events", "manifest", "report", "chunks"], 503)
    at(other, 5, NEW, health=7)
    async with fed_by(tmp_path, preferred, other) as node, beating(preferred, other):
        await node.serves(5)
        await eventually(lambda: node.serving.health.sequence == 7, "its health is known")
        at(preferred, 4, OLD, health=6)
        preferred.failing.clear()
        looks = len(preferred.last_event_ids)
        await eventually(lambda: len(preferred.last_event_ids) > looks + 2, "it is looked at, again and again")
        assert node.agent.feeds.followed.name == other.url

        at(preferred, 5, NEW, health=7)
        await eventually(lambda: node.agent.feeds.followed.name == preferred.url, "it is returned to")
        assert node.serving.generation == 5


async def test_a_feed_that_is_behind_repeats_or_reorders_never_takes_health_back(feed, tmp_path):
    at(feed, 1, OLD, health=7)
    async with fed_by(tmp_path, feed) as node, beating(feed):
        await eventually(lambda: node.serving.health.sequence == 7, "the first health is known")
        feed.say("health", delta(8, "down"))
        await eventually(lambda: node.serving.health.sequence == 8, "the delta is known")
        at(feed, 1, OLD, health=5)
        feed.hang_up()
        await eventually(lambda: feed.last_event_ids[-1] == "8", "the node says where it is")
        await feed.until_connected()
        for message_of_health in (full(6), delta(7, "up"), delta(8, "up"), full(5), delta(9, "up")):
            feed.say("health", message_of_health)
        await eventually(lambda: node.serving.health.sequence == 9, "it goes on where the feed has caught up")
        assert node.serving.health.states == [(10, 4, "up")]
        assert len(feed.last_event_ids) == 2, "one contact sufficed"


async def test_a_gap_is_healed_by_the_full_state(feed, tmp_path):
    at(feed, 1, OLD, health=3)
    async with fed_by(tmp_path, feed) as node:
        await eventually(lambda: node.serving.health.sequence == 3, "the first health is known")
        feed.greet_with("health", full(6, "down"))
        feed.say("health", delta(5, "down"))
        await eventually(lambda: node.serving.health.sequence == 6, "the full state is taken")
        assert feed.last_event_ids[-1] is None
        assert node.serving.health.states == [(10, 4, "down")]


async def test_an_event_that_breaks_off_is_not_taken_and_comes_again_with_the_next_contact(feed, tmp_path):
    at(feed, 1, OLD, health=3)
    async with fed_by(tmp_path, feed) as node:
        await eventually(lambda: node.serving.health.sequence == 3, "the first health is known")
        contacts = len(feed.last_event_ids)
        feed.greet_with("health", delta(4, "down"))
        feed.break_off("health", delta(4, "down"))
        await eventually(lambda: node.serving.health.sequence == 4, "the delta is taken when it is whole")
        assert feed.last_event_ids[contacts:] == ["3"], "it was asked for from where the node was"


@pytest.mark.parametrize("spoiled", ["{", '{"sequence": 4}', full(4) | {"states": [[10, 4, "ill"]]}, '"\\ud800"'])
async def test_health_that_cannot_be_read_changes_nothing_and_is_healed(feed, tmp_path, spoiled):
    at(feed, 1, OLD, health=3)
    async with fed_by(tmp_path, feed) as node:
        await eventually(lambda: node.serving.health.sequence == 3, "the first health is known")
        feed.greet_with("health", full(5, "down"))
        feed.say("health", spoiled)
        await eventually(lambda: node.serving.health.sequence == 5, "the full state is taken")
        assert feed.last_event_ids[-1] is None


@pytest.mark.parametrize("hours", [-5, 5])
async def test_a_wall_clock_that_jumps_changes_neither_contact_nor_what_is_served(feed, tmp_path, monkeypatch, hours):
    at(feed, 1, OLD, health=3)
    feed.latency = {0: [message(4, 0, 1)]}
    async with fed_by(tmp_path, feed) as node, beating(feed):
        await eventually(lambda: node.serving.latency.sequence == 4, "the map is used")
        right = time.time
        monkeypatch.setattr("time.time", lambda: right() + hours * 3600)
        feed.say("health", delta(4, "down"))
        await eventually(lambda: node.serving.health.sequence == 4, "health goes on")
        at(feed, 2, NEW, health=4)
        await node.serves(2)
        assert await node.answer() == [NEW]
        condition = node.agent.condition("test")
        assert condition.in_contact
        assert 0 <= condition.health_age_s < 60
        assert len(feed.last_event_ids) == 1, "the contact was kept"


async def test_a_latency_map_never_goes_back(two_feeds, tmp_path):
    preferred, other = two_feeds
    at(preferred, 1, OLD)
    at(other, 1, OLD)
    preferred.latency = {0: [message(6, 0, 1, 2)]}
    other.latency = {since: [message(4, 0, 1)] for since in (0, 6)}
    async with fed_by(tmp_path, preferred, other) as node:
        await eventually(lambda: node.serving.latency.sequence == 6, "the map is used")
        preferred.failing = dict.fromkeys(["events", "latency"], 503)
        preferred.hang_up()
        await other.until_connected()
        asked = other.asked.count("latency")
        await eventually(lambda: other.asked.count("latency") > asked + 1, "the other one offers its map")
        assert (node.serving.latency.sequence, node.serving.latency.rows) == (6, 2)


async def test_a_feed_with_a_spoiled_generation_is_left_for_one_with_a_good_one(two_feeds, tmp_path):
    preferred, other = two_feeds
    at(preferred, 1, OLD)
    at(other, 1, OLD)
    async with fed_by(tmp_path, preferred, other) as node:
        await node.serves(1)
        await preferred.until_connected()
        good = a_world(2, NEW)
        spoiled = {digest: content[:-1] for digest, content in good.chunks().items()}
        other.offer(good.manifest(), good.chunks())
        preferred.offer(good.manifest(), spoiled)
        await node.serves(2)
        assert await node.answer() == [NEW]


async def test_how_an_edge_is_goes_to_a_feed_that_takes_it_and_nothing_is_lost_at_one_that_does_not(feed, tmp_path):
    at(feed, 1, OLD, health=3)
    feed.knows_condition = True
    async with fed_by(tmp_path, feed) as node, beating(feed):
        await eventually(lambda: node.serving.health.sequence == 3, "the feed was heard")
        told_before = len(feed.reports)
        await eventually(lambda: len(feed.reports) > told_before + 1, "it tells how it is")
        assert "condition" not in feed.reports[0], "nobody had said that it is taken"
        told = feed.reports[-1]["condition"]
        assert (told["feed"], told["relays"]) == (feed.url, 0)
        assert told["health_age_s"] <= told["uptime_s"] < 600

        feed.knows_condition = False
        taken = len(feed.reports)
        await node.answer()
        await eventually(lambda: len(feed.reports) > taken + 1, "reports are taken by the release before, too")
        await eventually(lambda: sum(map(answers, feed.reports)) == 1, "what was counted is told once")


def answers(report: dict) -> int:
    return sum(answer["count"] for answer in report["answers"])


@asynccontextmanager
async def beating(*feeds: FakeFeed):
    """Have the feeds send heartbeats meanwhile."""

    async def beat() -> None:
        while True:
            for feed in feeds:
                feed.beat()
            await asyncio.sleep(0.1)

    task = asyncio.create_task(beat())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def test_a_position_is_behind_another_that_knows_anything_more():
    here = Position(5, 7)
    assert here.is_behind(Position(6, 7))
    assert here.is_behind(Position(4, 8))
    assert not here.is_behind(Position(5, 7))
    assert not here.is_behind(Position(4, 6))


@given(st.integers(1, 5), st.lists(st.tuples(st.integers(0, 4), st.floats(0, 20)), max_size=30), st.integers(0, 2**16))
def test_whatever_fails_the_first_that_is_not_avoided_is_followed_and_all_are_followed_again(count, failures, seed):
    choice = Choice(count, random.Random(seed).random)
    now_s = 0.0
    failed_at = {}
    for place, pause_s in failures:
        now_s += pause_s
        choice.failed(place % count, now_s)
        failed_at[place % count] = now_s
        chosen = choice.choose(now_s)
        untouched = [other for other in range(count) if other not in failed_at]
        assert not untouched or chosen <= untouched[0]
    assert choice.choose(now_s + 121) == 0, "no wait is longer than two minutes"


def test_moving_follows_that_feed_next_though_others_are_preferred_to_it():
    choice = Choice(3, lambda: 1.0)
    choice.choose(0.0)
    choice.move(2, 1.0)
    assert choice.choose(1.0) == 2
    assert choice.due(1.5) == []
    assert choice.due(3.5) == [0, 1]
