"""An hour ahead is what that hour has brought on the last days; what grows is made room for before it comes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.forecast.__main__ import day_before, errors, now, ours
from latency.capacity.forecast import AHEAD, DAY, MOST_RATIO, NEEDED, PERSISTENCE, SMOOTHED, an_hour_ahead, growth


def days(level: float = 100.0) -> np.ndarray:
    """A week of one region, every day alike."""
    steps = np.arange(NEEDED)
    return level * (1.5 + np.sin(2 * np.pi * steps / DAY))[:, None]


def test_where_every_day_is_alike_an_hour_ahead_is_as_on_the_days_before():
    expected = 100 * (1.5 + np.sin(2 * np.pi * (NEEDED - 1 + AHEAD) / DAY))

    assert an_hour_ahead(days()).tolist() == [pytest.approx(expected)]


def test_most_of_what_sets_now_apart_is_expected_to_last():
    history = days()
    history[-SMOOTHED:] *= 1.4

    assert an_hour_ahead(history) == pytest.approx(1.4**PERSISTENCE * an_hour_ahead(days()))


def test_the_crowd_of_yesterday_is_not_expected_again():
    history = days()
    history[AHEAD - DAY - 1] *= 5

    assert an_hour_ahead(history) == pytest.approx(an_hour_ahead(days()))


def test_a_day_is_enough_and_less_says_nothing():
    history = days()
    history[: -DAY - SMOOTHED] = np.nan
    assert an_hour_ahead(history) == pytest.approx(an_hour_ahead(days()))

    history[: AHEAD - DAY] = np.nan
    assert np.isnan(an_hour_ahead(history)).all()
    assert growth(history).tolist() == [1.0]


@given(st.integers(0, 2**32))
def test_growth_is_bounded_and_never_below_one(seed):
    chance = np.random.default_rng(seed)
    history = chance.uniform(0, 100, (NEEDED, 3)) * (chance.random((NEEDED, 3)) < 0.8)
    found = growth(np.where(chance.random((NEEDED, 3)) < 0.1, np.nan, history))

    assert (found >= 1).all()
    assert (found <= MOST_RATIO).all()


def test_on_days_that_nothing_was_fitted_to_it_is_better_than_now_and_than_the_day_before():
    found = [np.concatenate([errors(method, 200 + n, 3) for n in range(8)]) for method in (ours, now, day_before)]
    mean, tail = [each.mean() for each in found], [np.quantile(each, 0.95) for each in found]

    assert mean[0] < 0.75 * min(mean[1:])
    assert tail[0] < min(tail[1:])
