"""The parts of the estimator: distances, places, means that forget, and the normal posterior."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latency.distance import great_circle_km
from latency.means import RunningMeans
from latency.population import UNKNOWN, Client, locate
from latency.posterior import posterior, surprise
from latency.related import learned_covariance
from latency.shifts import Shifts
from tests.latency.cast import PARIS, REGIONS, french, nowhere

HOUR_S = 3600.0


def test_great_circles():
    assert great_circle_km(48.9, 2.4, 48.9, 2.4) == 0
    assert great_circle_km(0.0, 0.0, 0.0, 180.0) == pytest.approx(20015, abs=1)
    assert great_circle_km(48.86, 2.35, 51.51, -0.13) == pytest.approx(344, abs=2)
    assert np.isnan(great_circle_km(float("nan"), 2.4, 0.0, 0.0))


def test_who_has_no_place_is_in_the_middle_of_its_network_else_of_its_country():
    german = Client("d", 64501, "DE", 52.5, 13.4)
    placeless = replace(french("b"), latitude=None)
    stranger = Client("c", 64999, "FR")
    population = locate([french("a"), placeless, stranger, german, nowhere("e")], REGIONS)

    assert population.km[1].tolist() == pytest.approx(population.km[0].tolist())
    assert population.km[2].tolist() == pytest.approx(population.km[0].tolist())
    assert np.isnan(population.km[4]).all()
    assert population.networks[4] == population.countries[4] == UNKNOWN


def test_a_region_without_a_place_is_at_an_unknown_distance():
    population = locate([french()], [PARIS, replace(PARIS, name="lost", longitude=None)])

    assert np.isnan(population.km).tolist() == [[False, True]]


def test_a_shift_that_was_seen_lately_is_not_forgotten_sooner_for_what_is_observed_late():
    shifts = Shifts(1, 1, half_life_s=HOUR_S)
    row, region = np.array([0]), np.array([0])
    shifts.put(row, region, np.array([40.0]), HOUR_S)
    shifts.put(row, region, np.array([40.0]), 0.0)

    assert shifts.at(row, HOUR_S) == pytest.approx(40)
    assert shifts.at(row, 2 * HOUR_S) == pytest.approx(20)


def test_a_mean_forgets_by_age():
    means = RunningMeans(1, 1, max_count=100, half_life_s=HOUR_S)
    row, region = np.array([0]), np.array([0])
    means.add(row, region, np.array([100.0]), 0)
    means.add(row, region, np.array([40.0]), HOUR_S)

    assert means.means_ms[0, 0] == pytest.approx(60)
    assert means.counts(row, 2 * HOUR_S)[0, 0] == pytest.approx(0.75)


def test_a_mean_forgets_by_number():
    means = RunningMeans(1, 1, max_count=4, half_life_s=HOUR_S)
    cells = np.zeros(100, dtype=np.int64)
    means.add(cells, cells, np.full(100, 10.0), 0)
    means.add(cells[:1], cells[:1], np.array([20.0]), 0)

    assert means.means_ms[0, 0] == pytest.approx(12)


def test_a_time_before_the_last_one_makes_nothing_count_for_more():
    means = RunningMeans(1, 1, max_count=4, half_life_s=HOUR_S)
    cell = np.array([0])
    means.add(cell, cell, np.array([10.0]), 100 * HOUR_S)

    assert means.counts(cell, 0)[0, 0] == 1


def test_with_independent_regions_the_posterior_is_plain_shrinkage():
    kappa, count = 1.5, 6.0
    covariance = np.eye(2)[None] * 100.0
    mean, variance, _ = posterior(
        covariance, np.array([[count, 0.0]]), np.array([[30.0, 0.0]]), np.array([np.sqrt(kappa * 100)])
    )

    assert mean[0].tolist() == pytest.approx([30 * count / (count + kappa), 0])
    assert variance[0].tolist() == pytest.approx([100 * kappa / (count + kappa), 100])


@settings(deadline=None, max_examples=40)
@given(
    arrays(np.float64, (5, 5), elements=st.floats(-30, 30)),
    arrays(np.float64, (4, 5), elements=st.just(0.0) | st.floats(0.01, 50)),
    arrays(np.float64, (4, 5), elements=st.floats(-100, 100)),
)
def test_leaving_out_what_nobody_observed_changes_nothing(factors, counts, means):
    covariance, noise = (factors @ factors.T + np.eye(5))[None].repeat(4, axis=0), np.full(4, 12.0)
    roots = np.sqrt(counts) / noise[:, None]

    mean, variance, pull = posterior(covariance, counts, means, noise)

    for client in range(4):
        weighted = roots[client][:, None] * covariance[client]
        system = np.linalg.inv(np.eye(5) + weighted * roots[client])
        pulls = system @ (roots[client] * means[client])
        left = covariance[client] - weighted.T @ system @ weighted
        assert mean[client] == pytest.approx(weighted.T @ pulls, abs=1e-6)
        assert variance[client] == pytest.approx(np.maximum(left.diagonal(), 0), abs=1e-5)
        assert pull[client] == pytest.approx((roots[client] * pulls).sum(), abs=1e-6)


@settings(deadline=None, max_examples=40)
@given(
    arrays(np.float64, (3, 3), elements=st.floats(-30, 30)),
    arrays(np.float64, 3, elements=st.floats(0, 50)),
    st.integers(0, 2),
    st.floats(0.1, 20),
)
def test_more_observations_never_raise_the_variance_of_any_region(factors, counts, region, more):
    covariance = (factors @ factors.T + np.eye(3))[None]
    noise, means = np.array([12.0]), np.zeros((1, 3))
    before = posterior(covariance, counts[None], means, noise)[1]
    counts[region] += more
    after = posterior(covariance, counts[None], means, noise)[1]

    assert (after <= before + 1e-6).all()


def test_what_agrees_with_the_prior_is_no_surprise():
    covariance = np.eye(2)[None] * 100.0

    assert surprise(covariance, np.ones((1, 2)), np.full((1, 2), 5.0), 2.0).tolist() == [1.0]
    assert surprise(covariance, np.ones((1, 2)), np.full((1, 2), 100.0), 2.0)[0] > 10


@settings(deadline=None, max_examples=40)
@given(arrays(np.float64, (6, 3), elements=st.floats(-300, 300)), arrays(np.float64, (6, 3), elements=st.floats(0, 9)))
def test_a_learned_covariance_is_one(means, counts):
    learned = learned_covariance(np.eye(3) * 100.0, counts, means, np.full(6, 12.0), 50.0)

    assert np.allclose(learned, learned.T)
    assert np.linalg.eigvalsh(learned).min() > 0
