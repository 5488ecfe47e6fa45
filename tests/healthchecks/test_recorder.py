from collections.abc import Iterator, Sequence

import pytest
from django.db import OperationalError

from healthchecks.beliefs import VantageChange
from healthchecks.recorder import Recorder
from healthchecks.state import State
from tests.healthchecks.conftest import NOON
from tests.healthchecks.waiting import wait_until


def change(assignment: int, state: State) -> VantageChange:
    return VantageChange(assignment, 4, 1, state, "seen", NOON)


class Ledger:
    """Stands for the database; `broken` while it cannot be reached."""

    def __init__(self) -> None:
        self.broken = False
        self.attempts = 0
        self.recorded: list[tuple[int, State]] = []

    def record(self, changes: Sequence[VantageChange]) -> None:
        self.attempts += 1
        if self.broken:
            raise OperationalError("connection refused")
        self.recorded += [(change.assignment_id, change.state) for change in changes]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def recorder(ledger: Ledger) -> Iterator[Recorder]:
    recorder = Recorder(ledger.record, retry_s=0.01)
    yield recorder
    recorder.close()


def test_a_change_is_recorded_once(ledger: Ledger, recorder: Recorder) -> None:
    recorder.add(change(1, State.UP))
    wait_until(lambda: ledger.recorded, "the change")
    recorder.close()
    assert ledger.recorded == [(1, State.UP)]


def test_changes_wait_while_the_database_is_away(ledger: Ledger, recorder: Recorder) -> None:
    ledger.broken = True
    recorder.add(change(1, State.UP))
    recorder.add(change(2, State.DOWN))
    wait_until(lambda: ledger.attempts > 3, "retries")
    ledger.broken = False
    wait_until(lambda: len(ledger.recorded) == 2, "both changes")
    assert sorted(ledger.recorded) == [(1, State.UP), (2, State.DOWN)]


def test_only_the_last_belief_about_a_target_waits(ledger: Ledger, recorder: Recorder) -> None:
    ledger.broken = True
    recorder.add(change(1, State.UP))
    wait_until(lambda: ledger.attempts, "the first attempt")
    recorder.add(change(1, State.DOWN))
    ledger.broken = False
    wait_until(lambda: (1, State.DOWN) in ledger.recorded, "the last belief")
    assert ledger.recorded[-1] == (1, State.DOWN)


def test_closing_records_what_waits(ledger: Ledger, recorder: Recorder) -> None:
    recorder.add(change(1, State.UP))
    recorder.close()
    assert ledger.recorded == [(1, State.UP)]


def test_closing_does_not_wait_for_a_database_that_is_away(ledger: Ledger, recorder: Recorder) -> None:
    ledger.broken = True
    recorder.add(change(1, State.UP))
    recorder.close()
    assert ledger.recorded == []
