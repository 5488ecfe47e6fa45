"""A map says after its way what it said before, as exactly as its format can."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latency.groups import GroupKind
from latency.table import Cells, Groups, MapMessage, encoded, round_trip_codes
from tests.latency.map_reader import decoded, error, round_trip

MOST_MS = round_trip(0xFFF)


def groups(regions: int, chance: np.random.Generator, count: int = 4) -> Groups:
    return Groups(
        np.arange(count) % 5,
        np.arange(count) * 1000,
        chance.uniform(0, 100_000, count),
        chance.uniform(-5000, 5000, (count, regions)),
        chance.uniform(0.1, 200, (count, regions)),
    )


def cells(regions: int, chance: np.random.Generator, ipv4: int, ipv6: int) -> Cells:
    count = ipv4 + ipv6
    return Cells(
        np.sort(chance.choice(2**24, ipv4, replace=False)),
        np.cumsum(chance.integers(1, 2**30, ipv6)),
        chance.uniform(0, 400, count),
        np.exp2(chance.uniform(-8, 18, (count, regions))),
        chance.uniform(0.1, 200, (count, regions)),
        chance.permuted(np.tile(np.arange(regions), (count, 1)), axis=1),
    )


def message(regions: int, seed: int, ipv4: int = 5, ipv6: int = 3) -> MapMessage:
    chance = np.random.default_rng(seed)
    ids = tuple(range(7, 7 + regions))
    return MapMessage(
        9, 8, 1_800_000_000, 15.0, 0.0165, 0.25, ids, groups(regions, chance), cells(regions, chance, ipv4, ipv6)
    )


@given(st.integers(1, 40), st.integers(0, 2**32 - 1), st.integers(0, 6), st.integers(0, 6))
def test_what_is_written_is_read(regions, seed, ipv4, ipv6):
    written = message(regions, seed, ipv4, ipv6)
    said, read = written.cells, decoded(encoded(written))

    assert (read.sequence, read.base, read.made_s, read.regions) == (9, 8, 1_800_000_000, list(written.regions))
    assert (read.distance_ms, read.slope_ms_per_km, read.caution) == pytest.approx((15.0, 0.0165, 0.25))
    assert list(read.ipv4) == said.ipv4.tolist()
    assert list(read.ipv6) == said.ipv6.tolist()
    for row, samples, rtt_ms, error_ms, order in zip(
        [*read.ipv4.values(), *read.ipv6.values()],
        said.samples,
        said.rtt_ms,
        said.error_ms,
        said.order,
        strict=True,
    ):
        assert row.samples == min(round(samples), 255)
        assert row.rtt_ms == pytest.approx(np.minimum(rtt_ms, MOST_MS), rel=1 / 512, abs=1 / 128)
        assert row.error_ms == pytest.approx(np.clip(error_ms, 0.5, error(15)), rel=0.19)
        assert row.order == order.tolist()


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_groups_are_read_by_kind_and_key(regions, seed):
    written = message(regions, seed)
    said, read = written.groups, decoded(encoded(written)).groups

    assert list(read) == list(zip(said.kinds.tolist(), said.keys.tolist(), strict=True))
    for row, samples, rtt_ms in zip(read.values(), said.samples, said.rtt_ms, strict=True):
        assert row.samples == min(round(samples), 0xFFFF)
        assert row.rtt_ms == pytest.approx(np.clip(rtt_ms, -4096, 4095.875), abs=1 / 16)


def test_every_round_trip_that_can_be_written_comes_back_as_itself():
    codes = np.arange(0x1000)

    assert (round_trip_codes(np.array([round_trip(int(code)) for code in codes])) == codes).all()


@pytest.mark.parametrize(
    ("rtt_ms", "code"), [(-3.0, 0), (0.0, 0), (255.6 / 64, 0x100), (511.9 / 64, 0x200), (1e9, 0xFFF)]
)
def test_a_round_trip_is_rounded_to_the_nearest_and_clipped(rtt_ms, code):
    assert round_trip_codes(np.array([rtt_ms]))[0] == code


def test_kinds_are_those_of_the_format():
    assert [kind.value for kind in GroupKind] == [0, 1, 2, 3, 4]
