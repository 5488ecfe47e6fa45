"""The order of regions is near the best for whatever candidates are left, and does not change without a reason."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latency.hysteresis import Switching
from latency.ranking import ranked

REGIONS = 5
SWITCHING = Switching(switch_ms=4.0, switch_percent=5.0)
ESTIMATES = arrays(np.float64, (3, REGIONS), elements=st.floats(0.1, 400))
NEAR_EACH_OTHER = arrays(np.float64, (3, REGIONS), elements=st.floats(20, 32))
ORDERS = st.permutations(range(REGIONS)).map(lambda order: np.array([order] * 3))


def is_better(estimates, one, other) -> bool:
    return bool(SWITCHING.is_better(estimates[[one]], estimates[[other]])[0])


@given(ESTIMATES | NEAR_EACH_OTHER, ORDERS | st.none())
def test_of_any_candidates_the_first_is_within_the_margin_of_the_best(estimates, previous):
    for row, order in zip(estimates, ranked(estimates, previous, SWITCHING), strict=True):
        assert sorted(order) == list(range(REGIONS))
        for size in range(1, REGIONS + 1):
            for candidates in combinations(order, size):  # in the order
                best = min(candidates, key=lambda region: row[region])
                assert not is_better(row, best, candidates[0])


@given(ESTIMATES | NEAR_EACH_OTHER, ORDERS)
def test_who_overtakes_is_better_by_the_margin_than_one_that_stood_as_high(estimates, previous):
    for row, old, order in zip(estimates, previous, ranked(estimates, previous, SWITCHING), strict=True):
        new = order.tolist()
        for place, overtaken in enumerate(old):
            for overtaking in old[place + 1 :]:
                if new.index(overtaking) < new.index(overtaken):
                    assert any(is_better(row, overtaking, higher) for higher in old[: place + 1])


@given(NEAR_EACH_OTHER, ORDERS)
def test_an_order_that_nobody_has_a_reason_to_leave_stays(estimates, previous):
    settled = ranked(estimates, previous, SWITCHING)

    assert (ranked(estimates, settled, SWITCHING) == settled).all()


def test_the_first_changes_only_when_another_is_better_by_enough():
    before = np.array([[0, 1, 2]])

    assert ranked(np.array([[30.0, 27.0, 90.0]]), before, SWITCHING).tolist() == [[0, 1, 2]]
    assert ranked(np.array([[30.0, 25.0, 90.0]]), before, SWITCHING).tolist() == [[1, 0, 2]]
    assert ranked(np.array([[300.0, 290.0, 280.0]]), before, SWITCHING).tolist() == [[2, 0, 1]]


def test_without_an_order_before_the_estimates_decide():
    assert ranked(np.array([[30.0, 27.0, 29.0]]), None, SWITCHING).tolist() == [[1, 2, 0]]
