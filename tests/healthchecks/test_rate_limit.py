"""How often something may happen."""

from hypothesis import given
from hypothesis import strategies as st

from common.rate_limit import RateLimit

steps = st.lists(st.floats(0, 2), min_size=1, max_size=80)


def test_a_burst_passes_and_then_one_at_a_time() -> None:
    limit = RateLimit[str](per_s=1, burst=3)
    assert [limit.allows("a", 0) for _ in range(5)] == [True, True, True, False, False]
    assert limit.allows("b", 0), "keys do not wait for each other"
    assert [limit.allows("a", 1), limit.allows("a", 1.5), limit.allows("a", 2)] == [True, False, True]


def test_whether_there_is_room_can_be_asked_without_counting() -> None:
    limit = RateLimit[str](per_s=1, burst=1)
    assert [limit.has_room("a", 0), limit.has_room("a", 0), limit.allows("a", 0)] == [True, True, True]
    assert [limit.has_room("a", 0), limit.has_room("b", 0), limit.has_room("a", 1)] == [False, True, True]


@given(steps, st.integers(1, 5))
def test_no_stretch_of_time_holds_more_than_the_burst_and_the_rate(pauses: list[float], burst: int) -> None:
    limit, now_s, passed = RateLimit[str](per_s=1, burst=burst), 0.0, []
    for pause in pauses:
        now_s += pause
        if limit.allows("a", now_s):
            passed.append(now_s)
    for place, first in enumerate(passed):
        for count, last in enumerate(passed[place:], 1):
            assert count <= burst + (last - first) + 1e-6


@given(steps)
def test_who_keeps_to_the_rate_always_passes(pauses: list[float]) -> None:
    limit, now_s = RateLimit[str](per_s=1, burst=1), 0.0
    for pause in pauses:
        now_s += 1 + pause
        assert limit.allows("a", now_s)


def test_of_too_many_keys_the_oldest_is_forgotten() -> None:
    limit = RateLimit[int](per_s=1, burst=1, most_keys=2)
    assert [limit.allows(key, 0) for key in (1, 2, 3)] == [True, True, True]
    assert [limit.allows(key, 0) for key in (3, 1)] == [False, True]
