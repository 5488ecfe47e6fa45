"""The gate: what held-back measurements say of a version, weighed by how likely they were to be made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from latency.chooser import Policy
from latency.gate import BLOCKS, ENOUGH_EFFECTIVE, Rehearsal, judged
from latency.hysteresis import Switching
from latency.intake import country_code
from latency.learner import Learner
from latency.rehearsal import rehearse
from tests.latency.cast import NOON_S
from tests.latency.test_learner import HOME, OFFICE, PARIS, TOKYO, WORLD, turn

REGIONS = np.array([1, 2, 3, 4])
TRUE_MS = {1: 20.0, 2: 30.0, 3: 80.0, 4: 150.0}
MEAN_NOISE = np.exp(0.2**2 / 2)  # of a logarithm with a deviation of 0.2


def rehearsal(served: int, proposed: int, *, views: int = 4000, noise: float = 0.2, seed: int = 7) -> Rehearsal:
    """Page views of 200 clients that all see TRUE_MS: each measures what it is served, and one of the others."""
    chance = np.random.default_rng(seed)
    others = np.setdiff1d(REGIONS, served)
    region_ids = np.stack([np.full(views, served), chance.choice(others, views)], axis=1).reshape(-1)
    observed_ms = np.array([TRUE_MS[region] for region in region_ids.tolist()])
    count = len(region_ids)
    ones = np.ones(count, dtype=np.int64)
    return Rehearsal(
        keys=np.repeat(np.arange(views) % 200, 2),
        countries=country_code("FR") * ones,
        region_ids=region_ids,
        served_ids=served * ones,
        proposed_ids=proposed * ones,
        counts=np.ones(count),
        observed_ms=observed_ms * np.exp(chance.normal(0, noise, count)),
        changes=(10, 10),
        client_hours=4000.0,
    )


def figure(verdict, name: str):
    return next(comparison for comparison in verdict.comparisons if comparison.figure == name)


def test_a_version_that_serves_alike_is_not_worse():
    verdict = judged(rehearsal(served=1, proposed=1))

    assert verdict.passed
    assert verdict.agreement == 1.0
    assert [comparison.figure for comparison in verdict.comparisons] == [
        "mean_ms", "p95_ms", "country_ms", "changes_per_client_hour",
    ]  # fmt: skip
    assert all(comparison.difference == comparison.error == 0 for comparison in verdict.comparisons)


@pytest.mark.parametrize(("served", "proposed"), [(2, 1), (1, 2), (1, 3), (3, 2)])
def test_regret_is_what_it_would_be_though_few_measured_what_is_proposed(served, proposed):
    mean = figure(judged(rehearsal(served, proposed)), "mean_ms")

    assert mean.difference == pytest.approx((TRUE_MS[proposed] - TRUE_MS[served]) * MEAN_NOISE, abs=3 * mean.error)
    assert mean.error < 1.0
    assert mean.holds == (proposed < served)


def test_who_is_worse_in_a_large_country_alone_does_not_pass():
    better, worse = rehearsal(served=2, proposed=1, views=8000), rehearsal(served=1, proposed=2, views=1200, seed=8)
    both = {
        name: np.concatenate([getattr(better, name), getattr(worse, name)])
        for name in ("region_ids", "served_ids", "proposed_ids", "counts", "observed_ms")
    }
    both["keys"] = np.concatenate([better.keys, 1000 + worse.keys])
    both["countries"] = np.concatenate([better.countries, np.full(2400, country_code("NZ"))])
    verdict = judged(Rehearsal(**both, changes=better.changes, client_hours=better.client_hours))

    assert figure(verdict, "mean_ms").difference < 0
    assert [comparison.country for comparison in verdict.comparisons if not comparison.holds] == ["NZ"]
    assert not verdict.passed


def test_who_moves_clients_more_does_not_pass():
    verdict = judged(replace(rehearsal(served=1, proposed=1), changes=(10, 90)))

    assert [comparison.figure for comparison in verdict.comparisons if not comparison.holds] == [
        "changes_per_client_hour"
    ]


def test_a_worse_tail_does_not_pass_though_the_mean_is_better():
    trial = rehearsal(served=2, proposed=1)
    is_bad = (trial.region_ids == 1) & (np.arange(len(trial.keys)) % 15 == 0)
    mostly_ms = np.where(trial.region_ids == 1, 0.3, 1.0) * trial.observed_ms
    verdict = judged(replace(trial, observed_ms=np.where(is_bad, 90.0, mostly_ms)))

    assert figure(verdict, "mean_ms").holds
    assert not figure(verdict, "p95_ms").holds


def test_without_enough_evidence_nothing_passes():
    few = judged(rehearsal(served=1, proposed=1, views=100))

    assert few.evidence[0] < ENOUGH_EFFECTIVE
    assert (few.passed, few.comparisons) == (False, [])
    assert not judged(Rehearsal.of_nothing()).passed


def test_what_nobody_measured_where_it_would_be_served_is_no_evidence():
    trial = rehearsal(served=1, proposed=2)
    own = trial.region_ids == 1
    only_served = {
        name: getattr(trial, name)[own]
        for name in ("keys", "countries", "region_ids", "served_ids", "proposed_ids", "counts", "observed_ms")
    }

    assert judged(replace(trial, **only_served)).evidence[1] == 0


def test_a_few_clients_are_not_enough_however_much_they_measure():
    trial = rehearsal(served=1, proposed=1)

    assert not judged(replace(trial, keys=trial.keys % (BLOCKS - 1))).has_enough


def test_turns_are_rehearsed_under_both_versions_from_one_state():
    state = Learner(WORLD, Policy())
    state.learn(turn(state, (HOME, PARIS, 30.0), (OFFICE, TOKYO, 12.0)))
    blob, loose = state.to_bytes(), Policy(switching=Switching(switch_ms=0.1, switch_percent=0.1))
    incumbent, candidate = Learner.from_bytes(blob, Policy()), Learner.from_bytes(blob, Policy())
    candidate.adopt(loose)
    measured = [(HOME, PARIS, 30.0), (HOME, TOKYO, 200.0)]
    turns = [turn(state, *measured, at_s=NOON_S + 1800 * number) for number in range(1, 12)]
    seen = rehearse(incumbent, candidate, turns)

    assert len(seen.keys) == 20, "the first turn is for taking up the parameters"
    assert set(seen.served_ids.tolist()) == {PARIS}
    assert set(seen.proposed_ids.tolist()) == {PARIS}
    assert seen.client_hours == pytest.approx(2 * 10 * 0.5)
    for each in turns:
        state.learn(each)
    assert incumbent.to_bytes() == state.to_bytes(), "as it was"
