"""Choices are steady (S7), explore a little (S8), and make room where it is full (S5)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latency.answering import Answering
from latency.chooser import LearningChooser, Policy
from latency.hysteresis import Incumbents, Switching
from latency.overflow import Demand, Limits, assign
from tests.latency.cast import NOON_S, REGIONS, french

ONE = np.array([0])


def settled(incumbents: Incumbents, *rtts_ms: float, at_s: float = 0) -> int:
    return int(incumbents.settle(ONE, np.array([rtts_ms]), at_s)[0])


@pytest.mark.parametrize(
    ("present_ms", "other_ms", "chosen"), [(20, 16.5, 0), (20, 15.5, 1), (200, 191, 0), (200, 189, 1)]
)
def test_another_region_must_be_better_by_enough(present_ms, other_ms, chosen):
    incumbents = Incumbents(1, Switching())
    settled(incumbents, present_ms, 1000)

    assert settled(incumbents, present_ms, other_ms) == chosen


def test_another_region_must_be_better_for_long_enough():
    incumbents = Incumbents(1, Switching(switch_after_s=60))
    settled(incumbents, 20, 30, 30)

    assert settled(incumbents, 20, 10, 30, at_s=10) == 0
    assert settled(incumbents, 20, 30, 10, at_s=50) == 0, "another one has to wait anew"
    assert settled(incumbents, 20, 30, 10, at_s=109) == 0
    assert settled(incumbents, 20, 19, 19, at_s=110) == 0, "it is no longer better"
    assert settled(incumbents, 20, 30, 10, at_s=120) == 0
    assert settled(incumbents, 20, 30, 10, at_s=180) == 2


def explore(clients: int, t_s: float, error_ms: float = 50, utilisation: float = np.nan) -> np.ndarray:
    answering = Answering(REGIONS[:2], 0.01, "salt", caution=0.25)
    everyone = np.arange(clients)
    rtt_ms, orders = np.tile([20.0, 40.0], (clients, 1)), np.tile([0, 1], (clients, 1))
    answering.publish(everyone, (rtt_ms, np.full((clients, 2), error_ms)), orders, t_s)
    answering.load(np.array([np.nan, utilisation]), 3600, t_s)
    regions, flags = answering.ask(everyone, t_s)
    assert (regions == flags).all()
    return flags


def test_one_client_hour_in_a_hundred_explores():
    shares = [explore(5000, hour * 3600.0).mean() for hour in range(20)]

    assert np.mean(shares) == pytest.approx(0.01, abs=0.002)


def test_who_explores_does_so_for_an_hour_and_others_the_next():
    first = explore(5000, 7200)

    assert (first == explore(5000, 10_799)).all()
    assert (first != explore(5000, 10_800)).any()


def test_what_is_full_or_hopeless_is_not_explored():
    assert not explore(5000, 7200, utilisation=0.9).any()
    assert not explore(5000, 7200, error_ms=5).any()


def plan(rtt_ms: np.ndarray, preferred: np.ndarray, weights: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    return assign(rtt_ms, preferred, Demand(weights, capacity), np.arange(float(len(weights))), Limits())


def test_where_there_is_room_nobody_moves():
    rtt_ms = np.tile([20.0, 40.0], (8, 1))

    assert plan(rtt_ms, np.zeros(8, dtype=np.int64), np.ones(8), np.array([10.0, 10.0])).tolist() == [0] * 8


def test_who_loses_least_moves_first_and_no_more_than_need_be():
    rtt_ms = np.stack([np.full(10, 20.0), 20 + np.arange(10.0)[::-1]], axis=1)

    moved = plan(rtt_ms, np.zeros(10, dtype=np.int64), np.ones(10), np.array([10.0, 10.0]))

    assert moved.tolist() == [0] * 8 + [1] * 2


def test_planning_ends_although_no_region_has_room_for_anybody_who_has_to_leave():
    rtt_ms = np.array([[10.0, 20.0, 30.0], [10.0, 30.0, 10.0]])

    assigned = plan(rtt_ms, np.zeros(2, dtype=np.int64), np.ones(2), np.array([0.5, 0.5, 1.0]))

    assert assigned.tolist() == [0, 2], "one fits where it is as near, the other nowhere"


@settings(deadline=None, max_examples=40)
@given(
    arrays(np.float64, (30, 4), elements=st.floats(1, 300)),
    arrays(np.float64, 30, elements=st.floats(0.1, 5)),
    arrays(np.float64, 4, elements=st.floats(1, 60)),
)
def test_a_region_is_filled_past_its_capacity_only_if_no_other_has_room_for_any_of_its_clients(
    rtt_ms, weights, capacity
):
    preferred = rtt_ms.argmin(axis=1)
    assigned = plan(rtt_ms, preferred, weights, capacity)

    room = capacity - np.bincount(assigned, weights, 4)
    for region in np.flatnonzero(room < -1e-9):
        smallest = weights[assigned == region].min()
        assert (np.delete(room, region) < weights.max() + 1e-9).all() or smallest > room.max()
        assert (assigned[preferred != region] != region).all(), "nobody is sent to where it is full"


def test_a_full_region_sheds_its_crowd_and_takes_it_back():
    clients = [french(f"192.0.{number}.0/24") for number in range(100)]
    chooser = LearningChooser(clients, REGIONS, 0, Policy(explored_share=0))
    everyone = np.arange(100)

    def choose(t_s: float) -> np.ndarray:
        regions = chooser.choose(everyone, np.ones(100), t_s).regions
        return np.bincount(regions, minlength=3)

    assert choose(NOON_S).tolist() == [100, 0, 0]
    chooser.load(np.array([1.6, 0.1, 0.1]), NOON_S + 1)
    at_paris = choose(NOON_S + 2)[0]
    assert at_paris == pytest.approx(50, abs=2)
    chooser.load(np.array([0.3, 0.2, 0.1]), NOON_S + 900)
    assert choose(NOON_S + 901)[0] == 100


def test_load_that_is_old_moves_nobody():
    chooser = LearningChooser([french()], REGIONS, 0, Policy(explored_share=0))
    chooser.choose(ONE, np.ones(1), NOON_S)
    chooser.load(np.array([3.0, 0.0, 0.0]), NOON_S)

    assert chooser.choose(ONE, np.ones(1), NOON_S + 1).regions[0] != 0
    assert chooser.choose(ONE, np.ones(1), NOON_S + 4000).regions[0] == 0
