"""Flap damping (H5)."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthchecks.damping import Damping, Penalty
from tests.healthchecks.conftest import NOON

USUAL = Damping(half_life_s=60, suppress=2.5, reuse=1.0, max_s=600)
gaps = st.lists(st.floats(0, 1000), min_size=1, max_size=30)
dampings = st.builds(
    Damping,
    half_life_s=st.integers(1, 3600),
    suppress=st.floats(1.5, 10),
    reuse=st.floats(0.1, 1.4),
    max_s=st.integers(1, 86_400),
)


def after(gaps_s: list[float], damping: Damping = USUAL) -> tuple[Penalty, datetime]:
    """The penalty once it went down after each of these times, and when that was."""
    penalty, now = Penalty(), NOON
    for gap_s in gaps_s:
        now += timedelta(seconds=gap_s)
        penalty = penalty.after_down(damping, now)
    return penalty, now


def test_a_penalty_halves_every_half_life() -> None:
    penalty, now = after([0])
    assert [penalty.decayed(60, now + timedelta(seconds=s)) for s in (0, 60, 120)] == pytest.approx([1, 0.5, 0.25])


def test_who_goes_down_now_and_then_is_not_suppressed() -> None:
    penalty, now = after([0, 120, 120, 120])
    assert penalty.value < USUAL.suppress
    assert not penalty.is_suppressing(now)


def test_who_flaps_stays_down_until_the_penalty_has_decayed_to_reuse() -> None:
    penalty, now = after([0, 1, 1])
    assert penalty.is_suppressing(now)
    assert penalty.reuse_at is not None
    assert penalty.decayed(60, penalty.reuse_at) == pytest.approx(USUAL.reuse, rel=1e-3)
    assert not penalty.is_suppressing(penalty.reuse_at)


@given(dampings, gaps)
def test_nothing_is_suppressed_for_longer_than_the_most(damping: Damping, gaps_s: list[float]) -> None:
    penalty, now = after(gaps_s, damping)
    assert not penalty.is_suppressing(now + timedelta(seconds=damping.max_s + 0.001))
    assert penalty.value <= damping.ceiling


@given(dampings, gaps)
def test_it_suppresses_above_suppress_and_releases_at_reuse(damping: Damping, gaps_s: list[float]) -> None:
    penalty, now = after(gaps_s, damping)
    if penalty.value > damping.suppress:
        assert penalty.is_suppressing(now)
    if penalty.is_suppressing(now):
        assert penalty.value > damping.reuse


@given(gaps)
def test_one_more_down_never_brings_an_endpoint_up_earlier(gaps_s: list[float]) -> None:
    penalty, now = after(gaps_s)
    again = penalty.after_down(USUAL, now)
    assert again.decayed(60, now) >= penalty.decayed(60, now)
    if penalty.reuse_at and penalty.is_suppressing(now):
        assert again.reuse_at is not None
        assert again.reuse_at >= penalty.reuse_at - timedelta(milliseconds=1)
