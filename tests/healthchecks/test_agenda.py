from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from healthchecks.agenda import FIRST_PROBE_WITHIN_MS, Agenda


def agenda_of(intervals: dict[str, int], now_ms: int = 0) -> Agenda[str]:
    agenda: Agenda[str] = Agenda()
    agenda.replace(intervals, now_ms)
    return agenda


def taken_at(agenda: Agenda[str], now_ms: int) -> list[str]:
    """By a tick that allows nothing ahead."""
    return [key for _in_ms, key in agenda.take_due(now_ms, now_ms)]


def test_a_target_is_due_once_in_each_interval() -> None:
    agenda = agenda_of({"fra-1": 1000})
    taken = [now for now in range(0, 10_000, 250) if taken_at(agenda, now)]
    assert len(taken) in {9, 10}
    assert {later - sooner for sooner, later in pairwise(taken)} == {1000}


def test_a_fleet_is_spread_over_its_interval() -> None:
    agenda = agenda_of({f"endpoint-{number}": 4000 for number in range(1000)})
    per_tick = [len(taken_at(agenda, now)) for now in range(0, 4000, 250)]
    assert sum(per_tick) > 900  # the rest is due within the last tick's 250 ms
    assert max(per_tick) < 120


def test_a_new_target_is_probed_soon_however_long_its_interval() -> None:
    agenda = agenda_of({"fra-1": 3_600_000})
    assert taken_at(agenda, FIRST_PROBE_WITHIN_MS) == ["fra-1"]
    assert taken_at(agenda, 3_600_000 - 1) == []
    assert taken_at(agenda, 3_600_000 + FIRST_PROBE_WITHIN_MS) == ["fra-1"]


def test_a_burst_of_late_ticks_takes_each_target_once() -> None:
    agenda = agenda_of({"fra-1": 1000, "fra-2": 1000})
    taken = Counter(key for _tick in range(60) for key in taken_at(agenda, 60_000))
    assert taken == {"fra-1": 1, "fra-2": 1}


def test_replacing_the_targets_keeps_the_turn_of_those_that_stay() -> None:
    agenda = agenda_of({"fra-1": 1000})
    taken_at(agenda, 1000)
    agenda.replace({"fra-1": 1000, "fra-2": 1000}, 1000)
    assert "fra-1" not in taken_at(agenda, 1000)
    agenda.replace({"fra-2": 1000}, 1000)
    assert "fra-1" not in taken_at(agenda, 99_000)


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=50), st.integers(250, 4000))
def test_however_ticks_come_a_target_is_probed_no_more_often_than_its_interval_says(
    steps: list[int], interval: int
) -> None:
    agenda = agenda_of({"fra-1": interval})
    now, taken = 0, []
    for step in steps:
        now += step
        taken += [now] if taken_at(agenda, now) else []
    assert len(taken) <= now // interval + 1
    assert all(later > sooner for sooner, later in pairwise(taken))


@given(st.lists(st.integers(1, 400), min_size=1, max_size=50), st.integers(250, 4000), st.integers(0, 1000))
def test_what_is_allowed_ahead_begins_at_its_own_moment_and_exactly_once_an_interval(
    steps: list[int], interval: int, ahead: int
) -> None:
    """However ticks come, if they come before what was allowed is over."""
    agenda = agenda_of({"fra-1": interval})
    now, begins = 0, list[int]()
    for step in [0, *steps]:
        now += min(step, ahead)
        begins += [now + in_ms for in_ms, _key in agenda.take_due(now, now + ahead)]
    assert {later - sooner for sooner, later in pairwise(begins)} <= {interval}
    assert len(begins) in {(now + ahead) // interval, (now + ahead) // interval + 1}
