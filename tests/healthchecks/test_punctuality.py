"""How late probes begin, of which a heartbeat says the most and what nearly all keep."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from healthchecks.punctuality import Punctuality, punctuality

LATE_S = st.lists(st.floats(0, 100), max_size=500)


def test_nothing_has_begun_late_where_nothing_has_begun():
    assert punctuality([], 0) == Punctuality(0, 0, 0)


def test_who_still_waits_counts_for_the_last_but_not_for_99_of_100():
    assert punctuality([0.001] * 200, 3, 2.0) == Punctuality(2000, 1, 3)


def test_one_of_a_hundred_may_be_later():
    assert punctuality([0.25] + [0.01] * 99, 0) == Punctuality(250, 10, 0)
    assert punctuality([0.25] + [0.01] * 98, 0) == Punctuality(250, 250, 0)


@given(LATE_S)
def test_99_of_100_are_not_later_and_the_number_is_of_one_of_them(late_s):
    p99_ms = punctuality(late_s, 0).lag_p99_ms

    assert sum(int(one * 1000) > p99_ms for one in late_s) <= len(late_s) / 100
    assert p99_ms in [0, *(int(one * 1000) for one in late_s)]
