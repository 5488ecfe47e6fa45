"""Clients and groups come while there is learning, what is learned survives, and groups speak for who is not known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latency.estimator import Estimator
from latency.groups import GroupKind
from latency.model import Model
from latency.population import UNKNOWN, Client, Population, locate
from tests.latency.cast import NOON_S, REGIONS, french, nowhere, observe, rtt_ms

EVERYBODY = [
    french("a"),
    french("b"),
    french("c", network=64501),
    Client("d", 64502, "JP", 35.0, 135.0),
    replace(french("e"), network=None),
    Client("f", None, None, 10.0, 10.0),
    Client("g", 64502),
    nowhere("h"),
]
OBSERVATIONS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 2), st.floats(1, 500)), max_size=25)


def population_of(*numbers: int) -> Population:
    """Some of them, with the group numbers of all."""
    everybody = located()
    chosen = list(numbers)
    return Population(
        everybody.networks[chosen], everybody.countries[chosen], everybody.km[chosen], everybody.group_counts
    )


def located() -> Population:
    """With no place for who says none: nobody is put in the middle of others."""
    population = locate(EVERYBODY, REGIONS)
    placeless = [client.latitude is None for client in EVERYBODY]
    population.km[placeless] = np.nan
    return population


@settings(deadline=None, max_examples=30)
@given(OBSERVATIONS, st.integers(1, 7))
def test_who_came_later_is_as_if_it_had_been_there_from_the_beginning(observations, first):
    from_the_beginning = Estimator(located(), Model())
    grown = Estimator(population_of(*range(first)), Model())
    for newcomer in range(first, 8):
        grown.admit(population_of(newcomer))
    for client, region, observed_ms in observations:
        for learner in (from_the_beginning, grown):
            observe(learner, client, region, observed_ms)

    assert [rtt_ms(grown, each) for each in range(8)] == [rtt_ms(from_the_beginning, each) for each in range(8)]


@settings(deadline=None, max_examples=30)
@given(OBSERVATIONS, OBSERVATIONS)
def test_who_is_put_down_and_taken_up_goes_on_where_it_was(before, after):
    learner, restored = Estimator(located(), Model()), Estimator(located(), Model())
    for client, region, observed_ms in before:
        observe(learner, client, region, observed_ms)
    learner.relate(NOON_S)
    restored.restore(learner.state())
    for client, region, observed_ms in after:
        for each in (learner, restored):
            observe(each, client, region, observed_ms, at_s=NOON_S + 3600)

    predicted, again = (each.predict(np.arange(8), NOON_S + 7200) for each in (learner, restored))
    assert (predicted.rtt_ms == again.rtt_ms).all()
    assert (predicted.error_ms == again.error_ms).all()


@settings(deadline=None, max_examples=30)
@given(OBSERVATIONS)
def test_of_who_was_never_observed_distance_and_groups_say_what_the_estimator_does(observations):
    learner, strangers = Estimator(located(), Model()), np.arange(8, 16)
    for client, region, observed_ms in observations:
        observe(learner, client, region, observed_ms)
    learner.admit(located())

    predicted = learner.predict(strangers, NOON_S + 60)
    for stranger, by_groups in enumerate(said_by_groups(learner, NOON_S + 60)):
        assert predicted.rtt_ms[stranger] == pytest.approx(np.maximum(by_groups, 0.1))


@settings(deadline=None, max_examples=30)
@given(OBSERVATIONS)
def test_the_error_of_a_group_is_that_of_who_is_known_by_it_alone(observations):
    learner = Estimator(located(), Model())
    for client, region, observed_ms in observations:
        observe(learner, client, region, observed_ms)
    deviations = {
        (group.kind, int(number)): np.sqrt(variance)
        for group in learner.groups(np.array([3]), np.array([1]), NOON_S)
        for number, variance in zip(group.numbers, group.variance, strict=True)
    }
    learner.admit(located())

    errors = learner.predict(np.arange(8, 16), NOON_S).error_ms
    assert errors[4] == pytest.approx(deviations[GroupKind.COUNTRY, 1])
    assert errors[5] == pytest.approx(deviations[GroupKind.EVERYONE, 0])
    assert errors[6] == pytest.approx(deviations[GroupKind.PLACELESS_NETWORK, 3])
    assert errors[7] == pytest.approx(deviations[GroupKind.PLACELESS, 0])


def said_by_groups(learner: Estimator, t_s: float):
    """For each of EVERYBODY, as edges add it up."""
    population = located()
    estimates = learner.groups(np.arange(1, 4), np.arange(1, 3), t_s)
    said = {
        (group.kind, int(number)): row
        for group in estimates
        for number, row in zip(group.numbers, group.rtt_ms, strict=True)
    }
    for network, country, km in zip(population.networks, population.countries, population.km, strict=True):
        if np.isnan(km).any():
            known = network != UNKNOWN
            yield said[(GroupKind.PLACELESS_NETWORK, int(network)) if known else (GroupKind.PLACELESS, 0)]
        else:
            parts = [(GroupKind.EVERYONE, 0), (GroupKind.COUNTRY, int(country)), (GroupKind.NETWORK, int(network))]
            yield Model().base_ms + Model().slope_ms_per_km * km + sum(said[part] for part in parts if part in said)
