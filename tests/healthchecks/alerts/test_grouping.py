"""When rules speak: nothing is lost, nothing is told twice in a window, and quiet hours are quiet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from healthchecks.alerts.grouping import Group, Timing, due
from healthchecks.alerts.quiet import QuietHours, time_zone_problem
from tests.healthchecks.conftest import NOON

SECOND = timedelta(seconds=1)
BERLIN = ZoneInfo("Europe/Berlin")
SECONDS = st.integers(0, 3600).map(lambda number: number * SECOND)
ZONES = st.sampled_from([ZoneInfo("UTC"), BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Apia")])
TIMES = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=366)).map(lambda later: NOON + later)
QUIET = st.builds(QuietHours, TIMES, TIMES, ZONES).filter(lambda quiet: quiet.begin != quiet.end)
TIMINGS = st.builds(Timing, wait=SECONDS, window=SECONDS, quiet=st.none() | QUIET)


@dataclass
class Rule:
    """A rule as planning sees it, with what it has told, by message."""

    timing: Timing
    waiting: list[datetime]
    messages: list[tuple[datetime, list[datetime]]]

    def speak_until(self, end: datetime) -> None:
        """Say what falls due up to `end`, as a worker does that looks again and again."""
        while self.waiting:
            told = self.messages[-1][0] if self.messages else None
            moment = due(Group(min(self.waiting), told, False), self.timing)
            assert moment, "what waits is due at some time"
            if moment > end:
                return
            now = max(moment, *self.waiting)
            self.messages.append((now, self.waiting))
            self.waiting = []


def told(timing: Timing, gaps: list[timedelta]) -> Rule:
    """What a rule says of incidents that come after one another by these gaps."""
    rule, now = Rule(timing, [], []), NOON
    for gap in gaps:
        now += gap
        rule.speak_until(now - SECOND)
        rule.waiting = [*rule.waiting, now]
    rule.speak_until(now + timedelta(days=8))
    return rule


GAPS = st.lists(st.integers(1, 7200).map(lambda number: number * SECOND), min_size=1, max_size=30)


@given(TIMINGS, GAPS)
def test_everything_is_told_once_and_in_order(timing, gaps):
    rule = told(timing, gaps)

    said = [incident for _moment, incidents in rule.messages for incident in incidents]
    assert len(said) == len(gaps)
    assert said == sorted(said)
    assert rule.waiting == []


@given(TIMINGS, GAPS)
def test_no_two_messages_are_nearer_than_the_window(timing, gaps):
    moments = [moment for moment, _incidents in told(timing, gaps).messages]

    assert all(later - earlier >= timing.window for earlier, later in pairwise(moments))


@given(SECONDS, GAPS)
def test_the_first_is_told_after_the_short_wait(wait, gaps):
    first, _incidents = told(Timing(wait, timedelta(hours=1)), gaps).messages[0]

    assert NOON + gaps[0] <= first <= NOON + gaps[0] + wait


@given(QUIET, MOMENTS)
def test_quiet_hours_end_in_the_end_and_nothing_is_due_within_them(quiet, moment):
    allowed = quiet.end_after(moment)

    assert moment <= allowed <= moment + timedelta(hours=26)
    assert due(Group(moment, None, False), Timing(timedelta(0), timedelta(0), quiet=quiet)) == allowed
    local = allowed.astimezone(quiet.zone).time()
    assert allowed == moment or local == quiet.end or local.hour != quiet.end.hour  # the clocks may skip the end


def test_quiet_hours_may_pass_midnight_and_go_by_their_own_clock():
    night = QuietHours(time(22), time(7), BERLIN)

    evening = datetime(2026, 11, 21, 23, tzinfo=BERLIN)
    assert night.end_after(evening) == datetime(2026, 11, 22, 7, tzinfo=BERLIN)
    assert night.end_after(evening + timedelta(hours=5)) == datetime(2026, 11, 22, 7, tzinfo=BERLIN)
    noon = datetime(2026, 11, 21, 12, tzinfo=BERLIN)
    assert night.end_after(noon) == noon


def test_the_night_in_which_clocks_are_set_back_is_an_hour_longer():
    night = QuietHours(time(22), time(7), BERLIN)
    begin = datetime(2026, 10, 24, 22, tzinfo=BERLIN)

    assert night.end_after(begin) - begin.astimezone(UTC) == timedelta(hours=10)


def test_what_lasts_is_told_again_and_what_has_recovered_is_not():
    timing = Timing(5 * SECOND, 60 * SECOND, repeat=timedelta(hours=4))

    assert due(Group(None, NOON, True), timing) == NOON + timedelta(hours=4)
    assert due(Group(None, NOON, False), timing) is None
    assert due(Group(None, NOON, True), Timing(5 * SECOND, 60 * SECOND)) is None


def test_a_muted_rule_tells_afterwards():
    timing = Timing(5 * SECOND, 60 * SECOND, muted_until=NOON + timedelta(hours=2))

    assert due(Group(NOON, None, False), timing) == NOON + timedelta(hours=2)
    assert due(Group(NOON + timedelta(hours=3), None, False), timing) == NOON + timedelta(hours=3) + 5 * SECOND


def test_a_time_zone_is_known_or_an_example_is_given():
    assert time_zone_problem("Europe/Berlin") is None
    assert "Europe/Berlin" in (time_zone_problem("Mars/Olympus") or "")
