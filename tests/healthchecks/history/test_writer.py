"""Minutes on their way from the prober to the database, with database and clock in the test's hands."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from healthchecks.history.writer import BATCH, KEEP_S, MinuteWriter
from tests.healthchecks.history.conftest import FAILED, took
from tests.healthchecks.waiting import wait_until

KEY, OTHER_KEY = (1, 4, 1), (2, 4, 1)
MINUTE_S = 60.0


class World:
    """What has been stored, by writer, key and minute, and the time."""

    def __init__(self) -> None:
        self.stored: dict[tuple, tuple[int, int]] = {}
        self.batches: list[int] = []
        self.away = False
        self.refused = 0
        self.now = 6000.0

    def store(self, writer, rows) -> None:
        if self.away:
            self.refused += 1
            raise OperationalError("connection refused")
        self.batches.append(len(rows))
        for row in rows:
            self.stored[writer, row.key, row.minute] = row.tally.probes, row.tally.failures


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def writer(world: World) -> MinuteWriter:
    return MinuteWriter(world.store, clock=lambda: world.now, retry_s=0.01)


def test_a_minute_is_stored_once_it_is_over(world, writer):
    writer.observe(KEY, took(1))
    writer.observe(KEY, FAILED)
    assert writer.flush(world.now + MINUTE_S - 1)
    assert world.stored == {}

    assert writer.flush(world.now + MINUTE_S)
    assert list(world.stored.values()) == [(2, 1)]
    writer.flush(world.now + MINUTE_S)
    assert world.batches == [1]


def test_what_cannot_be_stored_waits_for_the_database(world, writer):
    writer.observe(KEY, took(1))
    world.away = True
    assert not writer.flush(world.now + MINUTE_S)

    world.away = False
    assert writer.flush(world.now + 2 * MINUTE_S)
    assert list(world.stored.values()) == [(1, 0)]


def test_what_has_waited_for_too_long_is_dropped_so_that_memory_is_bounded(world, writer):
    writer.observe(KEY, took(1))
    world.now += KEEP_S
    writer.observe(OTHER_KEY, took(1))
    assert writer.flush(world.now + 2 * MINUTE_S)

    assert [key for _writer, key, _minute in world.stored] == [OTHER_KEY]


def test_many_targets_are_stored_in_batches(world, writer):
    for assignment in range(BATCH + 1):
        writer.observe((assignment, 4, 1), took(1))
    writer.flush(world.now + MINUTE_S)

    assert world.batches == [BATCH, 1]


def test_a_clock_that_is_set_back_costs_nothing_that_was_stored(world, writer):
    writer.observe(KEY, took(1))
    writer.flush(world.now + MINUTE_S)
    world.now -= 30
    writer.observe(KEY, took(1))
    writer.flush(world.now + 3 * MINUTE_S)

    assert list(world.stored.values()) == [(1, 0), (1, 0)]


def test_two_processes_never_replace_what_the_other_stored(world):
    for _process in range(2):
        writer = MinuteWriter(world.store, clock=lambda: world.now)
        writer.observe(KEY, took(1))
        writer.flush(world.now + MINUTE_S)

    assert list(world.stored.values()) == [(1, 0), (1, 0)]


def test_who_ends_stores_the_minute_under_way(world):
    writer = MinuteWriter(world.store, clock=lambda: world.now)
    writer.start()
    writer.observe(KEY, took(1))
    writer.close()

    assert list(world.stored.values()) == [(1, 0)]


def test_the_thread_stores_each_minute_and_tries_again_while_the_database_is_away(world, writer):
    writer.observe(KEY, took(1))
    world.now += MINUTE_S + writer.until_next() - 0.01
    world.away = True
    writer.start()
    wait_until(lambda: world.refused >= 3, "three attempts")
    world.away = False
    wait_until(lambda: list(world.stored.values()) == [(1, 0)], "the minute")
    writer.close()
