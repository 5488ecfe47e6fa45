"""However long a stretch is, its answer is bounded and as fine as it can be."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthchecks.history.resolution import LONGEST, MOST_POINTS, STEPS, StretchError, floor_to, step_for
from tests.healthchecks.conftest import NOON

LENGTHS = st.timedeltas(timedelta(seconds=1), LONGEST)
DAYS_3 = timedelta(days=3)


@given(LENGTHS)
def test_a_stretch_has_a_bounded_number_of_points(length):
    assert length / step_for(NOON - length, NOON, NOON - DAYS_3) <= MOST_POINTS


@given(LENGTHS)
def test_no_finer_step_would_do(length):
    begin, since = NOON - length, NOON - DAYS_3
    step = step_for(begin, NOON, since)

    finer = [other for other in STEPS if other < step and length / other <= MOST_POINTS]
    assert all(other < timedelta(hours=1) and begin < since for other in finer)


@pytest.mark.parametrize("begin", [NOON, NOON + DAYS_3, NOON - LONGEST - timedelta(seconds=1)])
def test_a_stretch_that_cannot_be_shown_is_refused(begin):
    with pytest.raises(StretchError) as refused:
        step_for(begin, NOON, NOON)
    assert refused.value.field == "begin"


@given(st.sampled_from(STEPS), st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_moment_is_in_the_step_that_it_is_counted_to(step, later):
    moment = NOON + later

    assert floor_to(moment, step) <= moment < floor_to(moment, step) + step
