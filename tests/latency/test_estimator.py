"""Estimates are never nonsense, get better with evidence, and fall back step by step without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latency.model import Model
from latency.source import Source
from tests.latency.cast import LIMA, NOON_S, PARIS, TOKYO, error_ms, estimator, french, nowhere, observe, rtt_ms

OBSERVATIONS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.floats(0.01, 600_000), st.floats(-1e5, 1e6)), max_size=40
)


def sources(learner, client: int) -> list[Source]:
    return [Source(number) for number in learner.evidence(np.array([client]), NOON_S).source[0]]


@settings(deadline=None, max_examples=40)
@given(OBSERVATIONS)
def test_whatever_is_observed_estimates_are_finite_and_positive(observations):
    learner = estimator(french(), nowhere("a"), replace(french("b"), latitude=None), replace(french("c"), network=None))
    for client, region, observed_ms, later_s in observations:
        observe(learner, client, region, observed_ms, at_s=NOON_S + later_s)
    learner.relate(NOON_S)

    prediction = learner.predict(np.arange(4), NOON_S + 1e6)

    assert np.isfinite(prediction.rtt_ms).all()
    assert (prediction.rtt_ms > 0).all()
    assert np.isfinite(prediction.error_ms).all()
    assert (prediction.error_ms > 0).all()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 2), min_size=1, max_size=30))
def test_more_evidence_that_agrees_never_raises_an_error(regions):
    learner = estimator(french())
    before = error_ms(learner, 0)
    for region in regions:
        observe(learner, 0, region, rtt_ms(learner, 0)[region])
        after = error_ms(learner, 0)
        assert all(now <= then + 1e-9 for now, then in zip(after, before, strict=True))
        before = after


def test_the_same_observations_give_the_same_estimates():
    learners = [estimator(french()) for _ in range(2)]
    for learner in learners:
        observe(learner, 0, 0, 40, 45, 38, 200)

    assert rtt_ms(learners[0], 0) == rtt_ms(learners[1], 0)


def test_without_observations_distance_decides():
    near, far, farther = rtt_ms(estimator(french()), 0)

    assert near == pytest.approx(15 + 0.0165 * 392, abs=1)
    assert near < far < farther


def test_what_a_client_observes_itself_wins_in_the_end():
    learner = estimator(french())
    observe(learner, 0, 0, *[120.0] * 40)

    assert rtt_ms(learner, 0)[0] == pytest.approx(120, abs=20)
    assert sources(learner, 0) == [Source.CELL, Source.DISTANCE, Source.DISTANCE]


def test_one_wild_observation_moves_little():
    learner = estimator(french())
    observe(learner, 0, 0, *[22.0] * 20)
    before = rtt_ms(learner, 0)[0]
    observe(learner, 0, 0, 5000.0)

    assert rtt_ms(learner, 0)[0] - before < 4


def test_three_strikes_say_that_the_path_has_changed_and_only_this_path():
    learner = estimator(french())
    for _ in range(10):
        observe(learner, 0, 0, 22.0)
        observe(learner, 0, 1, 180.0)
    other = rtt_ms(learner, 0)[1]

    observe(learner, 0, 0, 120.0, 120.0)
    assert rtt_ms(learner, 0)[0] < 40
    observe(learner, 0, 0, 120.0)

    assert rtt_ms(learner, 0)[0] == pytest.approx(120, abs=10)
    assert rtt_ms(learner, 0)[1] == pytest.approx(other, abs=10)


def test_strikes_must_be_in_a_row_and_on_one_side():
    learner = estimator(french())
    observe(learner, 0, 0, *[60.0] * 10)
    observe(learner, 0, 0, 160.0, 160.0, 60.0, 160.0, 5.0, 160.0)

    assert rtt_ms(learner, 0)[0] < 115


def test_a_change_is_forgotten_while_nobody_looks():
    learner = estimator(french())
    observe(learner, 0, 0, *[22.0] * 10, *[120.0] * 3)

    assert rtt_ms(learner, 0, NOON_S + 86_400)[0] < 40


def test_a_client_learns_from_its_network_and_a_network_from_its_country():
    elsewhere = replace(french("c", network=64501), latitude=None, longitude=None)
    learner = estimator(french("a"), french("b"), elsewhere, nowhere("d"))
    observe(learner, 0, 0, *[22.0] * 10)
    for _ in range(20):
        observe(learner, 0, 1, 300.0)

    sibling, compatriot = rtt_ms(learner, 1)[1], rtt_ms(learner, 2)[1]

    assert rtt_ms(estimator(french()), 0)[1] + 10 < compatriot < sibling
    assert [sources(learner, client)[1] for client in range(4)] == [
        Source.CELL,
        Source.NETWORK,
        Source.COUNTRY,
        Source.EVERYONE,
    ]


def test_who_is_nowhere_and_alone_is_said_to_rest_on_nothing():
    learner = estimator(nowhere("a"))

    assert sources(learner, 0) == [Source.NOTHING] * 3
    assert len(set(rtt_ms(learner, 0))) == 1


def test_without_any_location_one_observation_counts_almost_fully():
    learner = estimator(nowhere("a"))
    observe(learner, 0, 0, 20.0)
    observe(learner, 0, 1, 150.0)

    assert rtt_ms(learner, 0)[0] == pytest.approx(20, abs=15)
    assert rtt_ms(learner, 0)[1] == pytest.approx(150, abs=15)


def test_without_any_location_one_region_tells_of_another_once_others_have_shown_how():
    learner = estimator(*[nowhere(str(number)) for number in range(41)], regions=[PARIS, TOKYO, LIMA])
    for client in range(40):
        near = client % 2 == 0  # whoever is near Paris is far from Tokyo
        observe(learner, client, 0, 20.0 if near else 240.0)
        observe(learner, client, 1, 240.0 if near else 20.0)
    learner.relate(NOON_S)
    observe(learner, 40, 0, 20.0)

    assert rtt_ms(learner, 40)[1] > 140
    assert sources(learner, 40)[1] is Source.RELATED


def test_a_client_on_the_wrong_continent_soon_believes_what_it_sees():
    learner = estimator(french())
    observe(learner, 0, 1, 20.0, 21.0, 20.0)
    observe(learner, 0, 0, 230.0, 231.0, 230.0)

    paris, tokyo, _ = rtt_ms(learner, 0)
    assert tokyo + 100 < paris


def test_room_is_made_for_clients_that_were_not_declared():
    learner = estimator(french())
    learner.extend(2)
    observe(learner, 2, 0, 30.0, 30.0)

    assert rtt_ms(learner, 2)[0] == pytest.approx(30, abs=15)
    assert sources(learner, 1)[0] is Source.EVERYONE


def test_a_quiet_client_is_believed_sooner_than_a_noisy_one():
    learner = estimator(french("a"), french("b", network=64501), model=replace(Model(), strikes=1000))
    observe(learner, 0, 0, *[30.0] * 20)
    observe(learner, 1, 0, *[15.0, 45.0] * 10)

    assert error_ms(learner, 0)[0] < error_ms(learner, 1)[0]
