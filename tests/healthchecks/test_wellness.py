"""Whether a vantage is well enough to vote (H3)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthchecks.state import State
from healthchecks.wellness import (
    LEAST_TARGETS,
    MOST_LAG_MS,
    SILENT_AFTER,
    Condition,
    Sighting,
    condition,
    failed_alone,
    reason,
)
from tests.healthchecks.conftest import NOON

A_SECOND = timedelta(seconds=1)
conditions = st.sampled_from(Condition)
states = st.sampled_from(State)
ballots = st.lists(st.dictionaries(st.sampled_from(["eu", "us", "asia", "sa"]), states), max_size=20)


def sighting(beat: datetime = NOON, lag_ms: int = 0, targets: int = 100, alone: int = 0) -> Sighting:
    return Sighting(beat, lag_ms, targets, alone)


def votes(**initials: str) -> list[Mapping[str, State]]:
    """votes(eu="UD", us="UU"): what each vantage says of each of two targets."""
    words = {"U": State.UP, "D": State.DOWN, "?": State.UNKNOWN}
    count = max(map(len, initials.values()))
    return [{name: words[said[number]] for name, said in initials.items()} for number in range(count)]


def test_a_vantage_is_silent_once_its_heartbeats_are_missing() -> None:
    assert condition(Condition.WELL, sighting(), NOON + SILENT_AFTER) is Condition.WELL
    assert condition(Condition.WELL, sighting(), NOON + SILENT_AFTER + A_SECOND) is Condition.SILENT


def test_a_vantage_that_probes_late_is_overloaded() -> None:
    assert condition(Condition.WELL, sighting(lag_ms=MOST_LAG_MS), NOON) is Condition.WELL
    assert condition(Condition.WELL, sighting(lag_ms=MOST_LAG_MS + 1), NOON) is Condition.OVERLOADED


def test_a_vantage_that_alone_fails_most_of_its_targets_is_cut_off_until_it_fails_hardly_any_alone() -> None:
    assert condition(Condition.WELL, sighting(alone=50), NOON) is Condition.WELL
    assert condition(Condition.WELL, sighting(alone=51), NOON) is Condition.CUT_OFF
    assert condition(Condition.CUT_OFF, sighting(alone=11), NOON) is Condition.CUT_OFF
    assert condition(Condition.CUT_OFF, sighting(alone=10), NOON) is Condition.WELL


def test_with_few_targets_a_failure_is_theirs() -> None:
    few = LEAST_TARGETS - 1
    assert condition(Condition.WELL, sighting(targets=few, alone=few), NOON) is Condition.WELL


def test_one_of_three_that_is_cut_off_fails_alone() -> None:
    assert failed_alone(votes(eu="DDD", us="UUU", asia="UUU")) == {"eu": 3}


def test_two_of_three_that_are_cut_off_fail_alone_as_the_third_reaches_everything() -> None:
    assert failed_alone(votes(eu="DDD", us="DDD", asia="UUU")) == {"eu": 3, "us": 3}


def test_what_all_see_is_nobodys_fault() -> None:
    assert failed_alone(votes(eu="DDD", us="DDD", asia="DDD")) == {}


def test_who_has_nobody_to_compare_with_is_not_alone() -> None:
    assert failed_alone(votes(eu="DDD")) == failed_alone(votes(eu="DDD", us="???")) == {}


@given(ballots)
def test_nobody_fails_more_targets_alone_than_it_fails(ballots: list[dict[str, State]]) -> None:
    alone = failed_alone(ballots)
    for name in ("eu", "us", "asia", "sa"):
        downs = [cast for cast in ballots if cast.get(name) is State.DOWN]
        assert alone[name] <= sum(State.UP in cast.values() for cast in downs)


@given(ballots, st.randoms(use_true_random=False))
def test_the_order_of_targets_does_not_matter(ballots: list[dict[str, State]], random: object) -> None:
    shuffled = list(ballots)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert failed_alone(shuffled) == failed_alone(ballots)


@given(conditions, st.integers(0, 60), st.integers(0, 10_000), st.integers(0, 50), st.integers(0, 50))
def test_more_trouble_never_makes_a_vantage_well(
    before: Condition, age: int, lag: int, targets: int, alone: int
) -> None:
    now = NOON + timedelta(seconds=age)
    better, worse = (
        sighting(lag_ms=lag, targets=targets, alone=alone),
        sighting(lag_ms=lag, targets=targets, alone=alone + 1),
    )
    if condition(before, worse, now) is Condition.WELL:
        assert condition(before, better, now) is Condition.WELL
    if condition(before, better, now + A_SECOND) is Condition.WELL:
        assert condition(before, better, now) is Condition.WELL


@pytest.mark.parametrize("found", list(Condition))
def test_every_reason_says_what_was_seen(found: Condition) -> None:
    assert bool(reason(found, sighting(lag_ms=7, alone=3))) == (found is not Condition.WELL)
