"""Sketches: merged in any order and grouping they are the same, and they say what was measured."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.rum.judging import HIGHEST_RTT_MS, LOWEST_RTT_MS, MAX_COUNT
from telemetry.rum.sketch import BINS, LOG_UNITS, Sketch, bin_of

RTTS_MS = st.lists(st.floats(LOWEST_RTT_MS, HIGHEST_RTT_MS), max_size=40)
SKETCHES = RTTS_MS.map(Sketch.of)


@given(SKETCHES, SKETCHES, SKETCHES)
def test_merging_is_associative(a, b, c):
    assert a.merged(b).merged(c) == a.merged(b.merged(c))


@given(SKETCHES, SKETCHES)
def test_merging_is_commutative(a, b):
    assert a.merged(b) == b.merged(a)


@given(SKETCHES)
def test_merging_with_nothing_changes_nothing(sketch):
    assert sketch.merged(Sketch.of([])) == sketch


@given(RTTS_MS, st.integers(0, 40))
def test_a_sketch_of_all_is_the_sketches_of_the_parts_merged(rtts_ms, cut):
    assert Sketch.of(rtts_ms[:cut]).merged(Sketch.of(rtts_ms[cut:])) == Sketch.of(rtts_ms)


@given(RTTS_MS.filter(bool))
def test_every_measurement_is_in_one_bin(rtts_ms):
    assert sum(Sketch.of(rtts_ms).histogram) == len(rtts_ms)


@given(st.lists(st.floats(1.0, 5000.0), min_size=2, max_size=100))
def test_mean_and_variance_are_those_of_the_logarithms(rtts_ms):
    sketch, logs = Sketch.of(rtts_ms), [math.log(rtt_ms) for rtt_ms in rtts_ms]

    assert sketch.mean_log_rtt == pytest.approx(statistics.mean(logs), abs=1 / LOG_UNITS)
    assert sketch.variance_log_rtt == pytest.approx(statistics.variance(logs), abs=0.01)


def test_one_measurement_has_no_variance():
    assert Sketch.of([34.0]).variance_log_rtt == 0.0


@given(st.lists(st.floats(1.0, 4000.0), min_size=1, max_size=100), st.sampled_from([0.0, 0.5, 0.95, 1.0]))
def test_a_quantile_is_off_by_a_quarter_of_an_octave_at_most(rtts_ms, share):
    exact = sorted(rtts_ms)[max(math.ceil(share * len(rtts_ms)), 1) - 1]

    assert abs(math.log2(Sketch.of(rtts_ms).quantile_ms(share) / exact)) <= 0.25 + 1e-9


@given(RTTS_MS, RTTS_MS)
def test_adding_words_adds_histograms(some, others):
    a, b = Sketch.of(some), Sketch.of(others)
    added = tuple(mine + theirs for mine, theirs in zip(a.words(), b.words(), strict=True))

    assert Sketch.histogram_of(added) == a.merged(b).histogram


def test_words_hold_a_full_window_and_say_when_a_bin_is_too_full():
    assert Sketch.histogram_of(Sketch.of([9_000.0] * 127).words())[-1] == 127 >= MAX_COUNT
    with pytest.raises(ValueError, match="more than 127"):
        Sketch.of([34.0] * 128).words()


def test_nothing_has_no_quantile():
    with pytest.raises(ValueError, match="no quantiles"):
        Sketch.of([]).quantile_ms(0.5)


@pytest.mark.parametrize(("rtt_ms", "number"), [(0.05, 0), (1.0, 0), (1.42, 1), (2.0, 2), (4000.0, 23), (10_000.0, 23)])
def test_bins_are_half_octaves_from_a_millisecond_on(rtt_ms, number):
    assert bin_of(rtt_ms) == number < BINS
