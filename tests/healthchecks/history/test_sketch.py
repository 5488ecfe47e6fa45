"""Percentiles within their stated error, however sketches were merged."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthchecks.history.sketch import HIGHEST_MS, LOWEST_MS, RELATIVE_ERROR, bucket_of, merged, percentile, value_of

TRIPS = st.lists(st.floats(LOWEST_MS, HIGHEST_MS), min_size=1, max_size=60)
SHARES = st.floats(0, 1)


def sketch(trips):
    return merged({bucket_of(trip): 1} for trip in trips)


@given(TRIPS, SHARES)
def test_a_percentile_is_within_the_stated_error_of_the_exact_one(trips, share):
    exact = sorted(trips)[max(1, math.ceil(share * len(trips))) - 1]

    assert percentile(sketch(trips), share) == pytest.approx(exact, rel=RELATIVE_ERROR + 1e-9)


@given(TRIPS, TRIPS, TRIPS)
def test_merging_is_adding_and_its_order_does_not_matter(some, more, others):
    together = sketch([*some, *more, *others])

    assert merged([sketch(some), merged([sketch(more), sketch(others)])]) == together
    assert merged([sketch(others), sketch(some), sketch(more)]) == together


@given(TRIPS, SHARES, SHARES)
def test_percentiles_rise(trips, one, other):
    low, high = sorted((one, other))

    assert (percentile(sketch(trips), low) or 0) <= (percentile(sketch(trips), high) or 0)


@given(st.floats(0, LOWEST_MS) | st.floats(HIGHEST_MS, 1e300))
def test_what_no_probe_can_take_counts_as_the_nearest_that_one_can(trip):
    assert value_of(bucket_of(trip)) == pytest.approx(min(max(trip, LOWEST_MS), HIGHEST_MS), rel=RELATIVE_ERROR + 1e-9)


def test_of_nothing_no_percentile_is_known():
    assert percentile({}, 0.5) is None
