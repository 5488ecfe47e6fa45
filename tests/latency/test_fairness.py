"""How far away groups are served, and whether a change makes a large one worse."""

from __future__ import annotations

import numpy as np
import pytest

from latency.fairness import NetworkSize, fairness, network_sizes, quantile

FR, JP, LU = "FR", "JP", "LU"


def compared(groups: list[str], before_ms: list[float], after_ms: list[float], weights: list[float] | None = None):
    of_clients = np.array(weights or [1.0] * len(groups))
    return {found.group: found for found in fairness(groups, of_clients, np.array(before_ms), np.array(after_ms))}


def test_figures_are_of_each_group_and_those_who_ask_most_come_first():
    found = compared([FR, JP, JP], [20, 30, 90], [20, 30, 40], [1, 2, 1])

    assert list(found) == [JP, FR]
    assert (found[JP].share, found[JP].p50_before_ms, found[JP].p95_before_ms, found[JP].p95_after_ms) == (
        0.75,
        30,
        90,
        40,
    )


def test_a_large_group_is_worse_if_either_figure_rises_by_more_than_the_margin():
    everyone = [FR] * 50 + [JP] * 50
    before = [20.0] * 100

    assert not compared(everyone, before, [23.9] * 100)[FR].is_worse
    assert compared(everyone, before, [24.1] * 50 + [20.0] * 50)[FR].is_worse
    tail = [20.0] * 46 + [60.0] * 4 + [20.0] * 50
    assert (compared(everyone, before, tail)[FR].p50_after_ms, compared(everyone, before, tail)[FR].is_worse) == (
        20,
        True,
    )
    assert not compared(everyone, tail, before)[FR].is_worse


def test_a_small_group_is_shown_but_not_called_worse():
    found = compared([FR] * 99 + [LU], [20.0] * 100, [20.0] * 99 + [200.0])

    assert found[LU].p50_after_ms == 200
    assert not found[LU].is_worse


def test_who_asks_for_nothing_counts_for_nothing():
    assert list(compared([FR, JP], [20, 30], [20, 30], [1.0, 0.0])) == [FR]


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 2), (0.75, 2), (0.76, 3), (1.0, 3)])
def test_a_quantile_goes_by_weight(share, value):
    assert quantile(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0]), share) == value


def test_networks_are_large_by_their_prefixes():
    sizes = network_sizes(np.array([64500] * 100 + [64501] * 10 + [64502] + [0]))

    assert [sizes[client] for client in (0, 100, 110, 111)] == [
        NetworkSize.LARGE,
        NetworkSize.MEDIUM,
        NetworkSize.SMALL,
        NetworkSize.UNKNOWN,
    ]
