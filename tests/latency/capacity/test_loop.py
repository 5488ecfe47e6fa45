"""What was observed corrects how demand is thought to be spread: within bounds, a part of the way at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latency.capacity.demand import Answered, Countries, demand
from latency.capacity.learned import Learned
from latency.capacity.loop import FOLLOWING, MOST_FACTOR, STAYING, corrected, expected, weights
from latency.capacity.members import Grouped, GroupKeys

FR = 256 * ord("F") + ord("R")
QUERIES = 100_000.0


def moved(share: float) -> np.ndarray:
    """Of those who prefer the first region, that share is sent to the second."""
    return np.array([[[1 - share, share], [0.0, 1.0]]])


def settled(rows: list[float], observed: list[float], sent: np.ndarray, turns: int = 60) -> np.ndarray:
    factors = np.ones((1, 2, 2))
    seen = QUERIES * np.array([observed])
    for _turn in range(turns):
        factors = corrected(factors, weights(np.array([rows]), seen, factors), sent, seen)
    return weights(np.array([rows]), seen, factors)


def test_before_anything_was_observed_a_tenth_is_thought_to_stay():
    spread = weights(np.array([[3.0, 1.0]]), np.array([[50.0, 50.0]]), np.ones((1, 2, 2)))

    assert spread[0, FOLLOWING].tolist() == pytest.approx([0.675, 0.225])
    assert spread[0, STAYING].tolist() == pytest.approx([0.05, 0.05])


def test_a_country_without_rows_stays_as_it_was_seen_and_one_without_queries_is_as_its_rows():
    rows, seen = np.array([[0.0, 0.0], [2.0, 0.0]]), np.array([[30.0, 10.0], [0.0, 0.0]])
    spread = weights(rows, seen, np.ones((2, 2, 2)))

    assert spread[0, STAYING].tolist() == pytest.approx([0.75, 0.25])
    assert spread[1, FOLLOWING].tolist() == pytest.approx([1.0, 0.0])


def test_who_does_not_follow_is_found_out_while_a_plan_is_in_force():
    spread = settled([1.0, 0.0], [0.75, 0.25], moved(0.5))

    assert expected(spread, moved(0.5))[0].tolist() == pytest.approx([0.75, 0.25], abs=0.02)
    assert spread[0, STAYING, 0] > 0.3


def test_without_a_plan_nothing_tells_who_would_follow():
    spread = settled([1.0, 0.0], [1.0, 0.0], moved(0.0))

    assert spread[0, STAYING, 0] == pytest.approx(0.1)


def test_demand_is_where_it_was_observed_rather_than_where_rows_are():
    spread = settled([0.5, 0.5], [0.8, 0.2], moved(0.0))

    assert spread[0].sum(axis=0).tolist() == pytest.approx([0.8, 0.2], abs=0.02)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 5))
def test_a_turn_stays_within_bounds_and_explains_no_worse(seed, countries, regions):
    chance = np.random.default_rng(seed)
    factors = np.exp(chance.uniform(-2, 2, (countries, 2, regions)))
    sent = chance.dirichlet(np.ones(regions), (countries, regions))
    observed = chance.uniform(0, 1000, (countries, regions)) * (chance.random((countries, regions)) < 0.7)
    spread = weights(chance.random((countries, regions)), observed, factors)
    turned = corrected(factors, spread, sent, observed)

    assert (turned >= 1 / MOST_FACTOR).all()
    assert (turned <= MOST_FACTOR).all()
    assert np.isfinite(turned).all()
    reweighed = spread * turned / factors
    reweighed /= reweighed.sum(axis=(1, 2), keepdims=True)
    inside = np.clip(factors, 1 / MOST_FACTOR * 2, MOST_FACTOR / 2) == factors
    if inside.all():
        assert (likelihood(reweighed, sent, observed) >= likelihood(spread, sent, observed) - 1e-6).all()


def likelihood(spread: np.ndarray, sent: np.ndarray, observed: np.ndarray) -> np.ndarray:
    shares = expected(spread, sent)
    return np.where(observed > 0, observed * np.log(np.maximum(shares, 1e-300)), 0).sum(axis=1) / 1000


@settings(deadline=None, max_examples=50)
@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95))
def test_what_is_as_expected_changes_nothing(share, preferred):
    factors, rows = np.ones((1, 2, 2)), np.array([[preferred, 1 - preferred]])
    seen = expected(weights(rows, rows, factors), moved(share)) * QUERIES
    spread = weights(rows, rows, factors)

    assert corrected(factors, spread, moved(share), seen) == pytest.approx(factors, abs=1e-6)


def test_few_queries_say_little():
    ones, paris = np.ones((1, 2, 2)), np.array([[1.0, 0.0]])
    spread = weights(paris, paris, ones)
    by_few, by_many = (corrected(ones, spread, moved(0.5), paris * n)[0, STAYING, 0] for n in (5, 50_000))

    assert 1 < by_few < 1.02 < 1.2 < by_many


def test_demand_is_what_was_answered_by_the_weights_of_rows_and_what_networks_ask():
    groups = Grouped(
        GroupKeys(np.array([FR, FR]), np.array([1, 2]), np.array([0, 0])), np.array([0, 1]), np.array([1.0, 3.0])
    )
    ids = np.array([4, 6])
    countries = Countries.of([Answered(FR, 4, 8.0), Answered(FR, 6, 2.0), Answered(FR, 99, 5.0)], groups, ids)
    spread = np.array([[[0.8, 0.0], [0.1, 0.1]]])

    assert demand(countries, spread, groups, {}).tolist() == pytest.approx([2, 6, 1, 1])
    assert demand(countries, spread, groups, {1: 30.0, 2: 10.0}).tolist() == pytest.approx([6, 2, 1, 1])
    assert countries.sent(groups, np.array([[0.5, 0.5], [1.0, 0.0]]))[0].tolist() == [[0.875, 0.125], [0, 1]]


def test_what_was_learned_is_found_again_where_countries_and_regions_have_come_and_gone():
    known = Learned(np.array([1, 2]), np.array([10, 20]), np.arange(1.0, 9).reshape(2, 2, 2))

    found = known.factors_of(np.array([2, 3]), np.array([5, 20]))

    assert found.tolist() == [[[1, 6], [1, 8]], [[1, 1], [1, 1]]]
