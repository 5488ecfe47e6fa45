"""The latency map: followed beside the snapshot, kept on disk, and never in the way of answering."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from latency.table import Cells, Groups, MapMessage, encoded
from tests.edge.conftest import a_node, a_world, eventually

NOWHERE = Groups(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty((0, 2)), np.empty((0, 2)))


def message(sequence: int, base: int, *keys: int) -> bytes:
    count = len(keys)
    order = np.tile([1, 0], (count, 1))
    rtt_ms = np.tile([20.0, 10.0], (count, 1))
    cells = Cells(np.array(keys), np.empty(0, np.int64), np.ones(count), rtt_ms, rtt_ms / 10, order)
    return encoded(MapMessage(sequence, base, 1_800_000_000, 15.0, 0.0165, 0.25, (1, 2), NOWHERE, cells))


def kept(home: Path) -> int:
    """Octets on the disk."""
    return sum(file.stat().st_size for file in home.rglob("latency.bin"))


async def test_an_edge_takes_the_full_map_and_then_what_it_lacks(feed, tmp_path):
    feed.publish(a_world(1, "192.0.2.1"))
    feed.latency = {0: [message(4, 0, 1, 2), message(5, 4, 3)]}
    async with a_node(tmp_path, feed.url) as node:
        await eventually(lambda: node.serving.latency.sequence == 5, "the map is used")
        assert node.serving.latency.rows == 3
        await feed.until_connected()

        feed.latency = {5: [message(6, 5, 3, 4)]}
        feed.say("latency", {"sequence": 6})
        await eventually(lambda: node.serving.latency.sequence == 6, "the delta is used")
        assert node.serving.latency.rows == 4


async def test_an_edge_starts_with_the_map_on_its_disk_though_its_last_write_was_cut_short(feed, tmp_path):
    feed.publish(a_world(1, "192.0.2.1"))
    feed.latency = {0: [message(4, 0, 1, 2), message(5, 4, 3)]}
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(1)
        await eventually(lambda: kept(tmp_path) == sum(4 + len(sent) for sent in feed.latency[0]), "the map is kept")
    (file,) = tmp_path.rglob("latency.bin")
    file.write_bytes(file.read_bytes()[:-1])

    async with a_node(tmp_path, "http://127.0.0.1:1") as node:
        await node.serves(1)
        assert (node.serving.latency.sequence, node.serving.latency.rows) == (4, 2)

    feed.latency = {4: [message(5, 4, 3)], 5: [message(9, 0, 7)]}
    async with a_node(tmp_path, feed.url) as node:
        await eventually(lambda: node.serving.latency.sequence == 5, "it goes on from there")
        feed.say("latency", {"sequence": 9})
        await eventually(lambda: kept(tmp_path) == 4 + len(feed.latency[5][0]), "a full map begins anew")
    async with a_node(tmp_path, "http://127.0.0.1:1") as node:
        await node.serves(1)
        assert (node.serving.latency.sequence, node.serving.latency.rows) == (9, 1)


async def test_a_map_that_cannot_be_used_changes_nothing_and_a_full_one_is_asked_for(feed, tmp_path, caplog):
    feed.publish(a_world(1, "192.0.2.1"))
    feed.latency = {0: [message(4, 0, 1, 2)], 4: [message(9, 8, 3)]}
    async with a_node(tmp_path, feed.url) as node:
        await node.serves(1)
        await eventually(lambda: node.serving.latency.sequence == 4, "the map is used")
        await feed.until_connected()
        feed.say("latency", {"sequence": 9})
        await eventually(lambda: "no latency map newer than 4" in caplog.text, "the refusal is logged")
        assert await node.answer() == ["192.0.2.1"]

        feed.latency[0] = [message(9, 0, 1, 2, 3)]
        feed.say("latency", {"sequence": 9})
        await eventually(lambda: node.serving.latency.sequence == 9, "a full map mends it")
