"""Minutes around NOON, as two workers count them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from healthchecks.history.minute_log import MinuteLog
from healthchecks.history.partitions import keep_partitions
from healthchecks.history.storing import store_minutes
from healthchecks.models import Assignment
from healthchecks.probes import Outcome
from regions.models import Region
from tests.healthchecks.conftest import NOON

FAILED = Outcome(False, "connection refused", 1.0)
ONE, OTHER = 1, 2
"""Workers."""

Store = Callable[..., None]


def took(rtt_ms: float) -> Outcome:
    return Outcome(True, "status 200", rtt_ms)


@pytest.fixture
def fra_1_from_eu(check, fra_1, vantages: dict[str, Region]) -> tuple[int, int, int]:
    return Assignment.objects.get(endpoint=fra_1).pk, 4, vantages["eu"].pk


@pytest.fixture
def store(db: None) -> Store:
    """store(key, minute, *outcomes, by=ONE): a worker counted those in the minute so many after noon."""
    keep_partitions(NOON)

    def store(key, minute: int, *outcomes: Outcome, by: int = ONE) -> None:
        log, moment = MinuteLog(), (NOON + timedelta(minutes=minute)).timestamp()
        for outcome in outcomes:
            log.note(key, outcome, moment)
        store_minutes(by, log.ended(moment + 60))

    return store
