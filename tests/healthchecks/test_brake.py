"""The brake on mass failures (H7), as a pure rule."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthchecks.brake import LEAST_MEMBERS, Brake, BrakeLimits, Engaged, brake
from tests.healthchecks.conftest import NOON

LIMITS = BrakeLimits(max_down_percent=50, window=timedelta(seconds=60), hold=timedelta(seconds=300))
ages = st.lists(st.integers(0, 1000), max_size=12)


def ago(*seconds: int) -> list[datetime]:
    return [NOON - timedelta(seconds=s) for s in seconds]


@pytest.mark.parametrize(
    ("down", "members", "expected"),
    [
        (1, 1, Brake.RELEASED),
        (2, 2, Brake.RELEASED),
        (1, 3, Brake.RELEASED),
        (2, 3, Brake.HOLDING),
        (2, 4, Brake.RELEASED),
        (3, 4, Brake.HOLDING),
        (10, 10, Brake.HOLDING),
    ],
)
def test_more_than_half_of_three_or_more_is_a_mass_failure(down: int, members: int, expected: Brake) -> None:
    assert brake(ago(*[0] * down), members, LIMITS, None, NOON) is expected


def test_what_went_down_before_the_window_is_no_part_of_it() -> None:
    assert brake(ago(0, 61, 62), 4, LIMITS, None, NOON) is Brake.RELEASED
    assert brake(ago(0, 59, 60), 4, LIMITS, None, NOON) is Brake.HOLDING


def test_it_holds_until_its_time_is_over_however_long_ago_it_began() -> None:
    engaged = Engaged(NOON)
    downs = ago(0, 1, 2)
    assert brake(downs, 4, LIMITS, engaged, NOON + timedelta(seconds=299)) is Brake.HOLDING
    assert brake(downs, 4, LIMITS, engaged, NOON + timedelta(seconds=300)) is Brake.FOLLOWING


def test_acknowledged_it_follows_and_when_fewer_are_down_it_is_over() -> None:
    engaged = Engaged(NOON, acknowledged=True)
    assert brake(ago(0, 1, 2), 4, LIMITS, engaged, NOON) is Brake.FOLLOWING
    assert brake(ago(0, 1), 4, LIMITS, engaged, NOON) is Brake.RELEASED


def test_a_pool_that_follows_is_never_held() -> None:
    follows = BrakeLimits(50, LIMITS.window, LIMITS.hold, holds=False)
    assert brake(ago(0, 0, 0), 3, follows, None, NOON) is Brake.FOLLOWING


@given(ages, st.integers(0, 12), st.integers(1, 100))
def test_it_never_holds_without_most_being_down_nor_in_small_pools(ages: list[int], spare: int, percent: int) -> None:
    limits = BrakeLimits(percent, LIMITS.window, LIMITS.hold)
    members = len(ages) + spare
    if brake(ago(*ages), members, limits, None, NOON) is Brake.HOLDING:
        assert members >= LEAST_MEMBERS
        assert sum(age <= 60 for age in ages) * 100 > percent * members


@given(ages, st.integers(0, 12))
def test_one_more_that_goes_down_never_releases_it(ages: list[int], spare: int) -> None:
    members = len(ages) + spare + 1
    if brake(ago(*ages), members, LIMITS, None, NOON) is Brake.HOLDING:
        assert brake(ago(*ages, 0), members, LIMITS, None, NOON) is Brake.HOLDING


@given(ages, st.integers(0, 12), st.integers(0, 900))
def test_released_it_does_not_hold_again_until_something_else_goes_down(
    ages: list[int], spare: int, later: int
) -> None:
    members, now = len(ages) + spare, NOON + timedelta(seconds=later)
    if brake(ago(*ages), members, LIMITS, Engaged(NOON), now) is Brake.RELEASED:
        assert brake(ago(*ages), members, LIMITS, None, now) is Brake.RELEASED
