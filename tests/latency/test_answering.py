"""Maps as the control plane writes them, read and answered by the responder."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import responder
from latency.answering import NAME, Answering, prefix_of, snapshot_of
from latency.population import Region
from latency.table import encoded
from responder import LatencyMap
from tests.latency.map_reader import decoded
from tests.latency.test_table import message

NOON_S = 1_800_000_000


def regions(count: int) -> list[Region]:
    return [Region(number) for number in range(count)]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([1, 2, 3, 5, 16, 17, 40, 255]), st.integers(0, 2**32 - 1))
def test_each_client_is_sent_to_the_first_region_of_its_order(count, seed):
    chance = np.random.default_rng(seed)
    clients = np.sort(chance.choice(100_000, 50, replace=False))
    orders = chance.permuted(np.tile(np.arange(count), (50, 1)), axis=1)
    estimates = chance.uniform(1, 300, (50, count)), chance.uniform(0.5, 50, (50, count))
    answering = Answering(regions(count), 0.0, "salt", caution=0.25)
    for part in np.array_split(np.arange(50), 3):
        answering.publish(clients[part], (estimates[0][part], estimates[1][part]), orders[part], NOON_S)

    asked = chance.permutation(50)
    sent, explored = answering.ask(clients[asked], NOON_S)

    assert sent.tolist() == orders[asked, 0].tolist()
    assert not explored.any()


@pytest.mark.parametrize("seed", range(5))
def test_an_explanation_says_what_the_map_says(seed):
    written = message(7, seed)
    content = encoded(written)
    latency = LatencyMap().apply(content[:12] + bytes(8) + content[20:])  # as a full map
    row = decoded(content).ipv4[int(written.cells.ipv4[2])]
    key = int(written.cells.ipv4[2])
    subnet = f"{key >> 16}.{key >> 8 & 255}.{key & 255}.0/24"
    snapshot = snapshot_of(regions(13), 0.0, "salt")

    explained = responder.explain(snapshot, responder.Health(), NAME, "A", "192.0.2.53", subnet, latency=latency)

    said = re.findall(r"([0-9.]+) ms ± ([0-9.]+) by its prefix", explained)
    by_order = [(row.rtt_ms[column], row.error_ms[column]) for column in row.order]
    assert said == [(f"{rtt_ms:.1f}", f"{error_ms:.1f}") for rtt_ms, error_ms in by_order]


def test_a_client_has_a_prefix_of_its_own():
    assert [prefix_of(number) for number in (0, 255, 256, 70_000)] == [
        "1.0.0.0/24",
        "1.0.255.0/24",
        "1.1.0.0/24",
        "2.17.112.0/24",
    ]
