from hypothesis import given
from hypothesis import strategies as st

from healthchecks.hysteresis import Streak
from healthchecks.state import State

probes = st.lists(st.booleans(), max_size=60)
thresholds = st.integers(1, 5)


def believed(outcomes: str, rise: int, fall: int, start: State = State.UNKNOWN) -> str:
    """The states after each outcome, as initials; `+` succeeds, `-` fails."""
    streak, states = Streak(start), ""
    for outcome in outcomes:
        streak = streak.after(outcome == "+", rise, fall)
        states += {State.UP: "U", State.DOWN: "D", State.UNKNOWN: "?"}[streak.state]
    return states


def naive(outcomes: list[bool], rise: int, fall: int, start: State) -> State:
    """H2 read aloud: from the whole history, with nothing remembered but the state."""
    state = start
    counted_from = 0
    for position in range(1, len(outcomes) + 1):
        last = outcomes[max(0, position - rise) : position]
        if len(last) == rise and all(last):
            state, counted_from = State.UP, position
        elif outcomes[counted_from:position].count(False) >= fall:
            state = State.DOWN
    return state


def test_a_new_target_is_unknown_until_enough_probes_agree() -> None:
    assert believed("++", rise=2, fall=3) == "?U"
    assert believed("---", rise=2, fall=3) == "??D"


def test_failures_need_not_follow_each_other_to_take_a_target_down() -> None:
    assert believed("-+-+-", rise=2, fall=3, start=State.UP) == "UUUUD"


def test_rise_successes_in_a_row_forgive_earlier_failures() -> None:
    assert believed("--++--", rise=2, fall=3, start=State.UP) == "UUUUUU"


def test_a_target_that_is_down_rises_only_on_successes_in_a_row() -> None:
    assert believed("+-+-++", rise=2, fall=3, start=State.DOWN) == "DDDDDU"


def test_after_rising_failures_are_counted_from_zero() -> None:
    assert believed("---++--", rise=2, fall=3) == "??DDUUU"


@given(probes, thresholds, thresholds, st.sampled_from(State))
def test_the_streak_agrees_with_the_rule_read_aloud(outcomes: list[bool], rise: int, fall: int, start: State) -> None:
    streak = Streak(start)
    for outcome in outcomes:
        streak = streak.after(outcome, rise, fall)
    assert streak.state is naive(outcomes, rise, fall, start)


@given(probes, thresholds, thresholds)
def test_a_verdict_never_becomes_unknown_again(outcomes: list[bool], rise: int, fall: int) -> None:
    states = believed("".join("+" if outcome else "-" for outcome in outcomes), rise, fall)
    assert "?" not in states.lstrip("?")
