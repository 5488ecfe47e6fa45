"""The lock that puts what edges are told in order."""

import threading

import pytest
from django.db import Error, connection, connections
from django.test.utils import CaptureQueriesContext

from healthchecks import ledger
from healthchecks.family import Family
from healthchecks.ledger import ROWS_AT_ONCE, open_ledger
from healthchecks.state import State
from regions.models import Endpoint
from tests.healthchecks.conftest import NOON
from tests.healthchecks.waiting import DEADLINE_S


@pytest.mark.django_db(transaction=True)
def test_who_is_frozen_with_the_lock_loses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MOST_IDLE_MS", 100)
    holds, resumed = threading.Event(), threading.Event()
    failures: list[Exception] = []

    def freeze() -> None:
        try:
            with open_ledger(NOON) as mine:
                mine.number()
                holds.set()
                resumed.wait(DEADLINE_S)
        except Error as error:
            failures.append(error)
        finally:
            connections.close_all()

    frozen = threading.Thread(target=freeze)
    frozen.start()
    assert holds.wait(DEADLINE_S)
    with open_ledger(NOON) as other:
        assert other.number() == 1
    resumed.set()
    frozen.join(DEADLINE_S)
    assert len(failures) == 1
    with open_ledger(NOON) as later:
        assert later.sequence == 1


@pytest.mark.django_db
def test_much_is_written_in_several_statements_so_that_it_is_not_taken_for_frozen(fra_1: Endpoint) -> None:
    """Ten thousand endpoints that change at once, as when a brake lets go, are a transaction like any other."""
    with CaptureQueriesContext(connection) as seen, open_ledger(NOON) as mine:
        for _ in range(ROWS_AT_ONCE + 1):
            mine.write(fra_1, Family.IPV4, (State.UP, State.DOWN), State.DOWN, cause="seen")
    written = [query["sql"] for query in seen if query["sql"].startswith('INSERT INTO "healthchecks_transition"')]
    assert len(written) == 2
