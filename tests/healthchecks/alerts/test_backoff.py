"""A message that is not taken is tried again, less and less often, for a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthchecks.alerts.backoff import FIRST_S, GIVE_UP_AFTER, JITTER, LONGEST_S, is_final, next_try
from tests.healthchecks.conftest import NOON

CHANCE = st.floats(0, 1)


def pause_after(attempts, chance):
    at = next_try(attempts, NOON, NOON, chance)
    assert at, "it is not given up yet"
    return at - NOON


@given(st.integers(1, 1000), CHANCE)
def test_pauses_are_bounded(attempts, chance):
    pause = pause_after(attempts, chance)

    assert timedelta(seconds=FIRST_S) <= pause <= timedelta(seconds=LONGEST_S * (1 + JITTER))


@given(st.integers(1, 1000))
def test_they_grow(attempts):
    assert pause_after(attempts, 0) <= pause_after(attempts + 1, 0)


@given(st.integers(1, 1000), CHANCE)
def test_after_a_day_it_is_given_up(attempts, chance):
    assert next_try(attempts, NOON, NOON + GIVE_UP_AFTER, chance) is None


@pytest.mark.parametrize(
    ("status", "final"),
    [(None, False), (301, True), (400, True), (404, True), (410, True), (408, False), (429, False), (500, False)],
)
def test_a_refusal_that_another_time_would_meet_too_is_final(status, final):
    assert is_final(status) == final
