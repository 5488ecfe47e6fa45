"""A plan moves as many as it says, those who lose least, the same ones each time, and nobody else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latency.capacity.carrier import Carrier, first_of
from latency.capacity.members import GroupKeys, Members, grouped, sample
from latency.capacity.moves import NOWHERE, Moves
from latency.ranking import put_before

FR, JP = 256 * ord("F") + ord("R"), 256 * ord("J") + ord("P")
FREE, ORANGE = 12322, 3215
PARIS, LONDON, TOKYO = 3, 5, 8
IDS = np.array([PARIS, LONDON, TOKYO])


def members(*clients: tuple[int, int, int]) -> Members:
    """Each a country, a network, and the column it prefers."""
    columns = np.array(clients, dtype=np.int64).reshape(-1, 3).T
    return Members(columns[0], columns[1], columns[2], np.ones(len(clients)))


def keys(*groups: tuple[int, int, int]) -> GroupKeys:
    return GroupKeys(*np.array(groups, dtype=np.int64).T)


def losing(*lost_ms: float) -> Callable[[np.ndarray], np.ndarray]:
    """Everyone is 20 ms from the first region, and further from the others by that."""
    rtt_ms = np.array([[20.0, 20 + lost, 20 + 2 * lost] for lost in lost_ms])
    return lambda clients: rtt_ms[clients]


def by_number(clients: np.ndarray) -> np.ndarray:
    return clients / 1000


def sent(moves: Moves, of: Members, lost: Callable[[np.ndarray], np.ndarray]) -> list[int]:
    return moves.sent(of, IDS, lost, by_number).tolist()


def test_those_who_lose_least_go_first():
    moves = Moves.planned(keys((FR, FREE, 0)), np.array([[0.5, 0.5, 0]]), IDS, IDS)

    assert sent(moves, members(*[(FR, FREE, 0)] * 4), losing(30, 10, 40, 20)) == [NOWHERE, 1, NOWHERE, 1]


def test_a_group_goes_to_several_regions_and_the_rest_stays():
    moves = Moves.planned(keys((FR, FREE, 0)), np.array([[0.5, 0.25, 0.25]]), IDS, IDS)

    assert sent(moves, members(*[(FR, FREE, 0)] * 4), losing(10, 20, 30, 40)) == [1, 2, NOWHERE, NOWHERE]


def test_clients_of_small_networks_go_by_the_rest_of_their_country_and_others_by_their_own():
    moves = Moves.planned(keys((FR, 0, 0), (FR, FREE, 0)), np.array([[0, 1.0, 0], [1.0, 0, 0]]), IDS, IDS)
    clients = members((FR, ORANGE, 0), (FR, FREE, 0), (JP, ORANGE, 0), (FR, ORANGE, 2))

    assert sent(moves, clients, losing(1, 1, 1, 1)) == [1, NOWHERE, NOWHERE, NOWHERE]


@pytest.mark.parametrize("paris", [3, 70_000])
def test_groups_are_told_apart_however_large_the_ids_of_regions_are(paris):
    lyon = 256 + 44  # 64500 and this would be 64501 and 44 in a number with eight bits for a region
    ids = np.array(sorted([44, lyon, paris]))
    column = {int(id_): place for place, id_ in enumerate(ids)}
    groups = keys((FR, 64500, column[lyon]), (FR, 64501, column[44]))
    shares = np.eye(3)[[column[paris], column[44]]]
    moves = Moves.planned(groups, shares, ids, ids)
    clients = members((FR, 64500, column[lyon]), (FR, 64501, column[44]))

    assert moves.sent(clients, ids, losing(1, 1), by_number).tolist() == [column[paris], NOWHERE]
    assert np.array_equal(moves.shares_of(groups, ids), shares)


def test_a_line_about_a_region_that_is_gone_moves_nobody():
    moves = Moves.planned(keys((FR, FREE, 0), (FR, FREE, 1)), np.eye(3)[[2, 2]], IDS, IDS)
    left = IDS[1:]

    assert moves.sent(members((FR, FREE, 0), (FR, FREE, 1)), left, losing(1, 1), by_number).tolist() == [1, NOWHERE]


def test_the_moves_of_a_group_are_its_own_or_those_of_the_rest_of_its_country():
    groups = keys((FR, 0, 0), (FR, FREE, 0), (FR, 64500, 0), (FR, 64500, 2))
    shares = np.array([[0.8, 0.2, 0], [1.0, 0, 0], [0.5, 0, 0.5], [0.1, 0, 0.9]])
    moves = Moves.planned(groups, shares, IDS, IDS)

    assert moves.of_group(FR, ORANGE) == [(PARIS, LONDON, 0.2)]
    assert moves.of_group(FR, FREE) == []
    assert moves.of_group(FR, 64500) == [(PARIS, TOKYO, 0.5), (TOKYO, PARIS, 0.1)]
    assert moves.of_group(JP, 64500) == []


def test_a_plan_that_moves_nobody_is_like_any_other_such_plan():
    still = Moves.planned(keys((FR, FREE, 0)), np.array([[0.999, 0.001, 0]]), IDS, IDS)

    assert len(still) == 0
    assert still.same_as(Moves.none())


def test_shares_of_groups_are_read_back_where_regions_and_groups_have_changed():
    moves = Moves.planned(keys((FR, 0, 0), (FR, FREE, 0)), np.array([[0.8, 0.2, 0], [0.4, 0, 0.6]]), IDS, IDS)
    two = np.array([PARIS, TOKYO])

    found = moves.shares_of(keys((FR, FREE, 0), (FR, ORANGE, 0), (JP, FREE, 1)), two)

    assert found.round(3).tolist() == [[0.4, 0.6], [1.0, 0.0], [0.0, 1.0]]


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 60), st.integers(0, 100), st.integers(0, 2**32))
def test_as_many_move_as_the_plan_says_to_within_one(clients, hundredths, seed):
    chance = np.random.default_rng(seed)
    share, weights = hundredths / 100, chance.pareto(1.5, clients) + 0.1
    crowd = members(*[(FR, FREE, 0)] * clients)
    crowd = Members(crowd.countries, crowd.networks, crowd.preferred, weights)
    moves = Moves.planned(keys((FR, FREE, 0)), np.array([[1 - share, share, 0]]), IDS, IDS)
    lost_ms = chance.uniform(1, 100, clients)
    moved = np.array(sent(moves, crowd, losing(*lost_ms))) == 1

    assert abs(weights[moved].sum() - share * weights.sum()) <= weights.max() + 1e-9
    if moved.any() and not moved.all():
        assert lost_ms[moved].max() <= lost_ms[~moved].min()


def test_the_same_clients_stay_moved_as_the_share_rises():
    crowd, lost = members(*[(FR, FREE, 0)] * 50), losing(*np.random.default_rng(1).uniform(1, 9, 50))
    before: set[int] = set()
    for hundredths in range(0, 101, 5):
        share = hundredths / 100
        moves = Moves.planned(keys((FR, FREE, 0)), np.array([[1 - share, share, 0]]), IDS, IDS)
        now = {client for client, column in enumerate(sent(moves, crowd, lost)) if column != NOWHERE}
        assert before <= now
        before = now
    assert len(before) == 50


def test_who_prefers_another_region_by_now_stays_there():
    carrier, crowd = Carrier(), members((FR, FREE, 0), (FR, FREE, 0))
    carrier.extend(2)
    moves = Moves.planned(keys((FR, FREE, 0)), np.array([[0, 1.0, 0]]), IDS, IDS)

    assert carrier.carry_out(moves, crowd, IDS, losing(1, 1), by_number).tolist() == [0, 1]
    assert carrier.keep(np.array([0, 2])).tolist() == [1]
    orders = np.array([[0, 2, 1], [2, 0, 1]])
    assert carrier.orders(orders, np.array([0, 1])).tolist() == [[1, 0, 2], [2, 0, 1]]
    assert not carrier.is_new(moves)
    assert carrier.is_new(Moves.none())


def test_the_target_stands_right_before_the_region_that_is_full():
    orders = np.array([[2, 0, 1], [0, 1, 2], [1, 0, 2]])

    assert put_before(orders, np.array([1, NOWHERE, 2]), np.array([0, NOWHERE, 1])).tolist() == [
        [2, 1, 0],
        [0, 1, 2],
        [2, 1, 0],
    ]


def test_a_client_prefers_the_first_open_region_of_its_order():
    orders = np.array([[2, 0, 1], [0, 1, 2]])

    assert first_of(orders, IDS, np.array([PARIS, LONDON])).tolist() == [0, 0]
    assert first_of(orders, IDS, np.empty(0, dtype=np.int64)).tolist() == [2, 0]


def test_only_the_heaviest_networks_have_groups_of_their_own():
    crowd = members(*[(FR, FREE, 0)] * 3, (FR, ORANGE, 0), (FR, 64500, 0), (JP, ORANGE, 2))
    found = grouped(crowd, most_groups=1)

    names = list(zip(found.keys.countries, found.keys.networks, found.keys.preferred, strict=True))
    assert names == [(FR, 0, 0), (FR, FREE, 0), (JP, 0, 2)]
    assert found.weights.tolist() == [2, 3, 1]
    assert found.group_of.tolist() == [1, 1, 1, 0, 0, 2]
    assert set(sample(found.group_of, 2)) >= {0, 3, 5}


def test_weights_need_not_be_whole():
    crowd = Members(*(np.array([FR, FR]),), np.array([FREE, FREE]), np.array([0, 0]), np.array([0.5, 2.0]))

    assert grouped(crowd).weights.tolist() == [pytest.approx(2.5)]
