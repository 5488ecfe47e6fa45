"""The program always has an answer, keeps to what regions can take, and moves no more than it may."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latency.capacity.losses import losses, together
from latency.capacity.problem import TIERS, Crowd, Rooms, loads, moved_share, preferring
from latency.capacity.rooms import Serving, region_loads, rooms
from latency.capacity.solver import solve
from latency.capacity.strata import strata

NEAR, FAR, THIRD = 0, 1, 2


def rooms_of(*capacity: float, fixed: tuple[float, ...] = (), cost_ms: tuple[float, ...] = ()) -> Rooms:
    none = (0.0,) * len(capacity)
    return Rooms(np.array(capacity), np.array(fixed or none), np.array(cost_ms or none), np.full(len(capacity), True))


def crowd_of(demand: list[float], rtt_ms: list[list[float]], present: np.ndarray | None = None) -> Crowd:
    rtts_ms = np.array(rtt_ms)
    preferred = rtts_ms.argmin(axis=1)
    natural = preferring(preferred, rtts_ms.shape[1])
    return Crowd(np.array(demand), rtts_ms, preferred, natural if present is None else present)


def test_who_fits_stays():
    crowd = crowd_of([10, 10], [[20, 40], [50, 30]])

    assert solve(crowd, rooms_of(20, 20)).shares.tolist() == [[1, 0], [0, 1]]


def test_those_who_lose_least_go_and_the_price_is_what_the_last_of_them_loses():
    crowd = crowd_of([10, 10, 10], [[20, 80], [20, 50], [20, 30]])
    solution = solve(crowd, rooms_of(18.75, 100))

    assert solution.shares.round(3).tolist() == [[1, 0], [0.5, 0.5], [0, 1]]
    assert solution.price_ms.round(3).tolist() == [30, 0]


def test_nobody_is_sent_a_hundred_milliseconds_further_for_a_target_but_for_a_capacity():
    crowd = crowd_of([10], [[20, 170]])

    assert loads(crowd, solve(crowd, rooms_of(10, 100)).shares, np.zeros(2))[NEAR] == pytest.approx(9.5)
    assert solve(crowd, rooms_of(10.5, 100)).shares[0, NEAR] == pytest.approx(0.95 * 10.5 / 10, abs=0.01)
    assert solve(crowd, rooms_of(5, 100)).shares[0, NEAR] == pytest.approx(0.475, abs=0.01)


def test_where_all_is_full_everyone_is_served_all_the_same():
    crowd = crowd_of([100], [[20, 40]])
    solution = solve(crowd, rooms_of(1, 1))

    assert solution.shares.sum() == pytest.approx(1)
    assert solution.price_ms.max() > 1000


def test_what_comes_anyway_takes_room():
    crowd = crowd_of([10], [[20, 40]])

    assert solve(crowd, rooms_of(20, 100, fixed=(16, 0))).shares[0].tolist() == [0, 1]


def test_a_client_that_is_elsewhere_stays_there_for_a_small_gain():
    rtt_ms = [[20.0, 30.0, 33.0]]
    there = crowd_of([10], rtt_ms, np.array([[0, 0, 1.0]]))

    assert solve(there, rooms_of(1, 20, 20), 1.0).shares[0, THIRD] > 0.9
    assert solve(crowd_of([10], [[20, 30, 36.0]], there.present), rooms_of(1, 20, 20), 1.0).shares[0, FAR] > 0.9


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Crowd, Rooms]:
    seed, groups, regions = draw(st.integers(0, 2**32)), draw(st.integers(1, 30)), draw(st.integers(1, 6))
    chance = np.random.default_rng(seed)
    rtt_ms = chance.uniform(5, 300, (groups, regions))
    is_open = chance.random(regions) < 0.8
    is_open[chance.integers(regions)] = True
    preferred = np.where(is_open, rtt_ms, np.inf).argmin(axis=1)
    shares = chance.random((groups, regions)) * is_open
    present = shares / shares.sum(axis=1, keepdims=True)
    capacity = np.where(chance.random(regions) < 0.3, np.inf, chance.uniform(0, 200, regions))
    crowd = Crowd(chance.pareto(1.2, groups), rtt_ms, preferred, present)
    return crowd, Rooms(capacity, chance.uniform(0, 20, regions), np.zeros(regions), is_open)


@settings(deadline=None, max_examples=60)
@given(worlds(), st.sampled_from([None, 0.0, 0.05, 0.3, 1.0]))
def test_every_group_is_served_whole_by_open_regions_and_no_more_move_than_may(world, most_moved):
    crowd, room = world
    solution = solve(crowd, room, most_moved)

    assert solution.shares.sum(axis=1) == pytest.approx(np.ones(len(crowd.demand)))
    assert (solution.shares[:, ~room.is_open] == 0).all()
    if most_moved is not None:
        assert moved_share(crowd, crowd.present, solution.shares) <= most_moved + 0.01


@settings(deadline=None, max_examples=40)
@given(worlds())
def test_no_region_is_above_its_target_while_another_could_take_what_it_bears_for_less_than_the_price(world):
    crowd, room = world
    solution = solve(crowd, room)
    load = loads(crowd, solution.shares, room.fixed) / room.capacity
    above = np.flatnonzero(load > TIERS[0][0] + 0.01)
    roomy = np.flatnonzero(room.is_open & (load < TIERS[0][0] - 0.05))

    for column in above:
        there = (solution.shares[:, column] > 0.01) & (crowd.demand > 0.1)
        dearer_ms = crowd.rtt_ms[there][:, roomy] - crowd.rtt_ms[there, column][:, None]
        assert (dearer_ms >= TIERS[1][1] - 0.1).all()


@settings(deadline=None, max_examples=40)
@given(worlds())
def test_without_capacities_everyone_is_where_they_prefer_to_be(world):
    crowd, room = world
    free = Rooms(np.full_like(room.capacity, np.inf), room.fixed, room.cost_ms, room.is_open)

    assert (solve(crowd, free).shares == preferring(crowd.preferred, len(free.capacity))).all()


def test_a_loss_moves_everyone_on_and_what_comes_anyway_with_them():
    crowd = crowd_of([10, 10], [[20, 40, 90], [50, 30, 90]])
    found = {loss.column: loss for loss in losses(crowd, rooms_of(20, 20, 100, fixed=(4, 0, 0)), crowd.present)}

    assert found[NEAR].load_at_once.tolist() == pytest.approx([0, 1.2, 0])
    assert found[NEAR].load_planned.tolist() == pytest.approx([0, 0.8, 0.08])
    assert found[NEAR].rtt_at_once_ms == pytest.approx(35)
    assert found[NEAR].rtt_planned_ms > 35
    assert found[FAR].load_at_once.tolist() == pytest.approx([1.2, 0, 0])


def test_groups_of_a_country_are_looked_at_together():
    crowd = crowd_of([10, 30, 0], [[20, 40], [24, 60], [50, 30]])
    few, shares = together(crowd, np.array([[1, 0], [0.5, 0.5], [0, 1]]), np.array([7, 7, 9]))

    assert few.demand.tolist() == [40, 0]
    assert few.rtt_ms.round(3).tolist() == [[23, 55], [50, 30]]
    assert few.preferred.tolist() == [NEAR, FAR]
    assert shares.round(3).tolist() == [[0.625, 0.375], [0, 1]]


def test_the_last_region_cannot_be_lost():
    assert losses(crowd_of([10], [[20]]), rooms_of(20), np.ones((1, 1))) == []


def test_groups_are_cut_by_what_their_clients_would_lose():
    rtt_ms = np.array([[20.0, 20 + loss] for loss in (80, 10, 40, 20)])
    parts = strata(np.zeros(4, dtype=np.int64), np.ones(4), rtt_ms, np.array([0]), np.array([True, True]))

    assert (parts.rtt_ms[:, 1] - parts.rtt_ms[:, 0]).tolist() == [10, 20, 40, 80]
    moved = parts.of_parts(np.array([[0.6, 0.4]]), np.array([0]))
    assert moved.round(3).tolist() == [[0, 1], [0.4, 0.6], [1, 0], [1, 0]]
    assert parts.of_groups(moved).round(3).tolist() == [[0.6, 0.4]]


def serving(region: int, share: float | None, **more: float) -> Serving:
    numbers = {"current": None, "capacity": None, "cost": None} | more
    return Serving(region, True, share, **numbers)


def test_capacity_is_what_the_load_says_a_query_costs():
    ids = np.array([1, 2])
    endpoints = [serving(1, 0.5, current=50.0, capacity=100.0), serving(1, 1.0, current=300.0, capacity=300.0)]
    loads_of = region_loads(ids, [*endpoints, serving(2, None)])
    found = rooms(loads_of, np.array([70.0, 10.0]), np.zeros(2), 0.0)

    assert loads_of.share[0] == pytest.approx(0.875)
    assert found.capacity.tolist() == [pytest.approx(80), np.inf]


def test_what_no_query_of_ours_explains_takes_room_of_its_own():
    ids = np.array([1, 2])
    loads_of = region_loads(
        ids, [serving(1, 0.5, current=50.0, capacity=100.0), serving(2, 0.3, current=30.0, capacity=100.0)]
    )
    found = rooms(loads_of, np.array([5.0, 0.0]), np.zeros(2), 0.0)

    assert found.capacity.tolist() == pytest.approx([10, 10])
    assert found.fixed.tolist() == pytest.approx([0, 3])


def test_what_is_closed_neither_serves_nor_counts():
    closed = Serving(1, False, 0.2, None, None, 9.0)
    loads_of = region_loads(np.array([1]), [closed, serving(1, 0.8, cost=2.0)])

    assert (loads_of.share[0], loads_of.cost[0]) == (pytest.approx(0.8), 2.0)
    assert not region_loads(np.array([1]), [closed]).is_open[0]
