import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthchecks.quorum import endpoint_state, verdict, views
from healthchecks.state import State

UP, DOWN, UNKNOWN = State.UP, State.DOWN, State.UNKNOWN
votes = st.lists(st.sampled_from(State), max_size=7)


def believed(initials: str, quorum: int | None = None, vantages: int | None = None, current: State = UNKNOWN) -> State:
    states = [{"U": UP, "D": DOWN, "?": UNKNOWN}[initial] for initial in initials]
    return verdict(states, quorum=quorum, vantages=vantages or len(states), current=current)


@pytest.mark.parametrize(
    ("initials", "expected"),
    [("UUU", UP), ("UUD", UP), ("UDD", DOWN), ("DDD", DOWN), ("U", UP), ("D", DOWN), ("D??", DOWN), ("U?D", UP)],
)
def test_more_than_half_of_the_votes_take_an_endpoint_down(initials: str, expected: State) -> None:
    assert believed(initials) is expected


def test_a_tie_takes_nothing_out_of_service() -> None:
    assert believed("UD", current=DOWN) is UP
    assert believed("UUDD", current=UNKNOWN) is UP


def test_without_votes_a_verdict_stays_what_it_was() -> None:
    assert believed("", vantages=3) is UNKNOWN
    assert believed("???", current=DOWN) is DOWN


@pytest.mark.parametrize(
    ("initials", "quorum", "expected"),
    [("UUD", 1, DOWN), ("UUU", 1, UP), ("UDD", 2, DOWN), ("UDD", 3, UP), ("DDD", 3, DOWN)],
)
def test_a_quorum_is_how_many_must_say_down(initials: str, quorum: int, expected: State) -> None:
    assert believed(initials, quorum) is expected


def test_a_quorum_waits_for_that_many_votes() -> None:
    assert believed("D??", 2) is UNKNOWN
    assert believed("U??", 2, current=DOWN) is DOWN
    assert believed("UD?", 2) is UP


def test_a_quorum_above_the_number_of_vantages_means_all_of_them() -> None:
    assert believed("DDD", 9) is DOWN
    assert believed("DDU", 9) is UP
    assert believed("D", 9) is DOWN


@given(votes, st.none() | st.integers(1, 9), st.sampled_from(State))
def test_once_every_vantage_has_voted_there_is_a_verdict_that_forgets_the_last(
    states: list[State], quorum: int | None, current: State
) -> None:
    cast = [state for state in states if state is not UNKNOWN]
    if cast:
        decided = verdict(cast, quorum=quorum, vantages=len(cast), current=current)
        assert decided is not UNKNOWN
        assert decided is verdict(cast, quorum=quorum, vantages=len(cast), current=UP)


@given(votes, st.none() | st.integers(1, 9), st.sampled_from(State))
def test_unanimous_vantages_are_believed(states: list[State], quorum: int | None, current: State) -> None:
    for unanimous in (UP, DOWN):
        agreed = [unanimous] * max(1, len(states))
        assert verdict(agreed, quorum=quorum, vantages=len(agreed), current=current) is unanimous


def test_an_endpoint_is_down_if_any_check_is() -> None:
    assert endpoint_state([UP, DOWN, UNKNOWN]) is DOWN


def test_a_check_without_a_verdict_has_no_say_beside_one_that_has() -> None:
    assert endpoint_state([UP, UNKNOWN]) is UP
    assert endpoint_state([UNKNOWN]) is UNKNOWN


def test_an_endpoint_that_nothing_checks_counts_as_up() -> None:
    assert endpoint_state([]) is UP


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ({}, ()),
        ({7: [UP], 3: [UP]}, ()),
        ({7: [UP], 3: [DOWN]}, ((3, False), (7, True))),
        ({7: [UP], 3: [UNKNOWN]}, ()),
        ({7: [UP, DOWN], 3: [UP, UNKNOWN]}, ((3, True), (7, False))),
        ({7: [UP], 3: [DOWN], 5: [UNKNOWN], 1: []}, ((3, False), (7, True))),
    ],
)
def test_vantages_that_disagree_have_views(
    votes: dict[int, list[State]], expected: tuple[tuple[int, bool], ...]
) -> None:
    assert views(votes) == expected
