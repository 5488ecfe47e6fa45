"""The lock that puts what edges are told in order."""

import threading

import pytest
from django.db import Error, connections

from healthchecks import ledger
from healthchecks.ledger import open_ledger
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
