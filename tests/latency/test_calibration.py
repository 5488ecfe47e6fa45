"""Predictions against what came: sums that merge, deciles, and alarms that need enough to go by."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latency.calibration import BINS, ENOUGH, Cell, Sums, compared, deciles, drifts, merged, total
from latency.chooser import Policy
from latency.coverage import Pair
from latency.foreseen import Foreseen
from latency.intake import Intake, country_code
from latency.learner import Learner
from tests.latency.cast import NOON_S
from tests.latency.test_learner import HOME, LIMA, NOWHERE, OFFICE, PARIS, SHOP, TOKYO, WORLD, full_map, turn

PAIRS = st.lists(st.tuples(st.floats(0.1, 9000), st.floats(0.1, 9000)), min_size=1, max_size=60)


def foreseen(*pairs: tuple[float, float], region: int = PARIS, country: str | None = "FR") -> Foreseen:
    """Predicted and observed."""
    count = len(pairs)
    ones = np.ones(count, dtype=np.int64)
    predicted_ms, observed_ms = np.array(pairs).T
    code = country_code(country)
    return Foreseen(ones, code * ones, region * ones, region * ones, ones, predicted_ms, observed_ms)


def sums(*pairs: tuple[float, float]) -> Sums:
    return total(compared(foreseen(*pairs)).values())


def test_a_measurement_is_predicted_before_it_is_learned():
    known = Learner(WORLD, Policy())
    first = known.foresee_and_learn(turn(known, (HOME, PARIS, 30.0)))
    surprised = known.foresee_and_learn(turn(known, (HOME, PARIS, 90.0), at_s=NOON_S + 5))

    assert first.predicted_ms[0] == pytest.approx(21.5, abs=1)  # Lyon is 390 km away
    assert 22 < surprised.predicted_ms[0] < 40
    assert surprised.observed_ms[0] == pytest.approx(90, rel=0.001)
    assert surprised.served_ids.tolist() == [PARIS]


def test_foreseeing_changes_nothing_that_is_learned():
    watched, plain = Learner(WORLD, Policy()), Learner(WORLD, Policy())
    for second, (client, region, rtt_ms) in enumerate([(HOME, PARIS, 30.0), (OFFICE, TOKYO, 12.0), (HOME, TOKYO, 9.0)]):
        intake = turn(watched, (client, region, rtt_ms), at_s=NOON_S + second, full=second == 2)
        watched.foresee_and_learn(intake)
        plain.learn(Intake.from_bytes(intake.to_bytes()))

    assert watched.to_bytes() == plain.to_bytes()
    assert full_map(watched) == full_map(plain)


def test_cells_are_told_apart_by_region_country_and_prediction():
    cells = compared(foreseen((10, 20), (10.1, 20), (40, 20)))
    unknown = compared(foreseen((1, 1), region=TOKYO, country=None))

    assert {cell: found.count for cell, found in cells.items()} == {Cell(PARIS, "FR", 26): 2, Cell(PARIS, "FR", 42): 1}
    assert list(unknown) == [Cell(TOKYO, "", 0)]


@given(PAIRS, st.randoms())
def test_sums_merge_to_the_same_in_any_order(pairs, chance):
    parts = [(0, sums(pair)) for pair in pairs]
    chance.shuffle(parts)

    assert merged(parts)[0] == sums(*pairs)
    assert all(0 <= cell.bin < BINS for cell in compared(foreseen(*pairs)))


def test_sums_say_bias_spread_and_error():
    found = sums((100, 110), (100, 90), (100, 130))

    assert found.bias == pytest.approx((math.log(1.1) + math.log(0.9) + math.log(1.3)) / 3, abs=0.001)
    assert found.spread == pytest.approx((math.log(1.1) - math.log(0.9) + math.log(1.3)) / 3, abs=0.001)
    assert found.error_ms == pytest.approx(50 / 3)
    assert Sums().bias_error == math.inf


def test_deciles_are_tenths_of_the_comparisons_whatever_bins_they_fall_into():
    pairs = [(10.0 * 2**tenth, 20.0 * 2**tenth) for tenth in range(10) for _ in range(7)]
    by_bin = merged([(cell.bin, found) for cell, found in compared(foreseen(*pairs)).items()])

    for tenth, decile in enumerate(deciles(by_bin)):
        assert decile.predicted_ms == pytest.approx(min(10.0 * 2**tenth, 5120), rel=0.01)
        assert decile.observed_ms == pytest.approx(2 * decile.predicted_ms, rel=0.01)
    assert deciles({}) == []


def test_a_bin_in_two_tenths_is_shared_between_them():
    found = deciles(merged([(cell.bin, one) for cell, one in compared(foreseen((10, 10), (80, 80), (80, 80))).items()]))

    assert [round(decile.predicted_ms) for decile in found] == [10, 10, 10, 40, 80, 80, 80, 80, 80, 80]


def many(ratio: float, count: int = 4 * ENOUGH) -> Sums:
    """Comparisons with a spread of 10 % around a ratio."""
    one = sums((100, 90 * ratio), (100, 110 * ratio))
    return total([one] * (count // 2))


def test_predictions_that_hold_raise_no_alarm():
    assert drifts({PARIS: many(1.0), TOKYO: many(1.02)}, {PARIS: many(1.0)}) == []
    assert drifts({}, {}) == []


def test_a_region_that_is_off_against_the_others_is_named():
    found = drifts({PARIS: many(1.0), TOKYO: many(1.4)}, {})

    assert [(drift.region_id, drift.kind) for drift in found if drift.value > 0] == [(TOKYO, "bias")]
    assert all(abs(drift.value) > drift.limit for drift in found)


def test_what_is_off_everywhere_is_one_alarm():
    found = drifts({PARIS: many(1.5), TOKYO: many(1.5)}, {})

    assert [(drift.region_id, drift.kind) for drift in found] == [(None, "bias")]


def test_a_spread_that_grows_is_an_alarm():
    wide = replace(many(1.0), ratio_log_absolute=2 * many(1.0).ratio_log_absolute)

    assert [(drift.kind, drift.count) for drift in drifts({PARIS: wide}, {PARIS: many(1.0)})] == [
        ("spread", wide.count)
    ]


def test_too_few_comparisons_raise_no_alarm():
    assert drifts({PARIS: many(9.0, ENOUGH - 2)}, {PARIS: many(1.0)}) == []


def test_what_is_imported_late_is_not_compared_with_what_is_believed_since():
    known = Learner(WORLD, Policy())
    known.learn(turn(known, (HOME, PARIS, 30.0)))
    late = turn(known, (HOME, PARIS, 300.0), (OFFICE, TOKYO, 20.0), at_s=NOON_S + 60, late_s=7200)
    assert compared(known.foresee_and_learn(late)) == {}

    in_time = turn(known, (HOME, PARIS, 31.0), at_s=NOON_S + 65)
    assert total(compared(known.foresee_and_learn(in_time)).values()).count == 1


def test_coverage_says_what_estimates_rest_on_by_country_and_region():
    known = Learner(WORLD, Policy())
    known.learn(turn(known, (HOME, PARIS, 30.0), (HOME, PARIS, 31.0), (SHOP, TOKYO, 240.0)))
    known.learn(turn(known, (NOWHERE, TOKYO, 240.0), at_s=NOON_S + 5))
    found = known.coverage()

    french = found[Pair("FR", PARIS)]
    assert (french.clients, french.served, french.own, french.network, french.other) == (2, 2, 1, 1, 0)
    assert french.samples == pytest.approx(2, abs=0.01)
    assert found[Pair("FR", LIMA)].other == 2
    assert found[Pair("", TOKYO)].own == 1
    assert len(found) == 2 * len(WORLD.ids)
