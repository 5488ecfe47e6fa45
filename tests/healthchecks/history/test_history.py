"""From what workers counted to what people see."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from healthchecks.history.models import HourOutcomes, MinuteOutcomes
from healthchecks.history.partitions import KEEP_MINUTES, keep_partitions
from healthchecks.history.reading import Stretch, history
from healthchecks.history.rollup import SETTLED_AFTER, add_up, roll_up
from healthchecks.history.sketch import RELATIVE_ERROR
from healthchecks.models import Assignment
from tests.healthchecks.conftest import NOON
from tests.healthchecks.history.conftest import FAILED, OTHER, took

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def near(rtt_ms):
    return pytest.approx(rtt_ms, rel=RELATIVE_ERROR)


def seen(begin, end, *, now=NOON + HOUR, together=False):
    return history(
        list(Assignment.objects.select_related("endpoint")), Stretch.between(begin, end, now), together=together
    )


def partitions(table):
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [table])
        return sorted(name for (name,) in cursor.fetchall())


def test_a_minute_is_seen_as_it_was_counted(store, fra_1_from_eu):
    store(fra_1_from_eu, 0, took(10), took(20), took(20), FAILED)

    (series,) = seen(NOON, NOON + 5 * MINUTE)

    assert (series.assignment_id, series.family, series.vantage) == (fra_1_from_eu[0], 4, "eu")
    (point,) = series.points
    assert (point.at, point.seen.probes, point.seen.failures, point.seen.availability) == (NOON, 4, 1, 0.75)
    assert (point.seen.p50_ms, point.seen.p95_ms) == (near(20), near(20))


def test_what_a_worker_stores_twice_counts_once(store, fra_1_from_eu):
    store(fra_1_from_eu, 0, took(10))
    store(fra_1_from_eu, 0, took(10), FAILED)

    (series,) = seen(NOON, NOON + 5 * MINUTE)
    assert (series.whole.probes, series.whole.failures) == (2, 1)


def test_what_two_workers_counted_in_one_minute_is_added(store, fra_1_from_eu):
    store(fra_1_from_eu, 0, took(10))
    store(fra_1_from_eu, 0, took(30), took(30), by=OTHER)

    (series,) = seen(NOON, NOON + 5 * MINUTE)
    assert (series.whole.probes, series.whole.p50_ms, len(series.points)) == (3, near(30), 1)


def test_a_minute_in_which_every_probe_failed_has_no_round_trip(store, fra_1_from_eu):
    store(fra_1_from_eu, 0, FAILED, FAILED)

    (series,) = seen(NOON, NOON + 5 * MINUTE)
    assert (series.whole.availability, series.whole.p50_ms, series.whole.p99_ms) == (0, None, None)


def test_endpoints_of_a_check_are_seen_together(store, check, iad_1, fra_1_from_eu):
    of_iad_1 = check.assignments.get(endpoint=iad_1).pk, *fra_1_from_eu[1:]
    store(fra_1_from_eu, 0, took(10))
    store(of_iad_1, 0, FAILED)

    (series,) = seen(NOON, NOON + 5 * MINUTE, together=True)
    assert (series.assignment_id, series.whole.probes, series.whole.failures) == (None, 2, 1)


def test_hours_are_what_their_minutes_come_to_however_often_they_are_added_up(store, fra_1_from_eu):
    store(fra_1_from_eu, 0, took(10), FAILED)
    store(fra_1_from_eu, 59, took(10), took(40))
    store(fra_1_from_eu, 60, took(99))
    for _again in range(2):
        add_up(NOON)

    hour = HourOutcomes.objects.get()
    assert (hour.hour, hour.probes, hour.failures, hour.counts) == (NOON, 4, 1, [2, 1])


def test_an_hour_is_added_up_once_no_minute_of_it_can_come_any_more(store, fra_1_from_eu):
    store(fra_1_from_eu, 0, took(10))

    roll_up(NOON + HOUR + SETTLED_AFTER - MINUTE)
    assert not HourOutcomes.objects.exists()
    assert roll_up(NOON + HOUR + SETTLED_AFTER) == 1
    assert HourOutcomes.objects.count() == 1
    assert roll_up(NOON + HOUR + SETTLED_AFTER) == 0


def test_a_long_stretch_is_seen_by_the_hour_and_its_last_hour_by_what_is_there(store, fra_1_from_eu):
    store(fra_1_from_eu, 0, took(10))
    store(fra_1_from_eu, 70, took(20), FAILED)
    now = NOON + HOUR + SETTLED_AFTER
    roll_up(now)
    MinuteOutcomes.objects.filter(minute=NOON).delete()  # as if too old: the hour tells of it

    (series,) = seen(NOON - timedelta(days=7), now, now=now)
    assert [(point.at, point.seen.probes) for point in series.points] == [(NOON, 1), (NOON + HOUR, 2)]


def test_partitions_are_made_ahead_and_go_with_their_last_day(store, fra_1_from_eu):
    store(fra_1_from_eu, 0, took(10))
    assert {f"history_minuteoutcomes_p2026112{day}" for day in (1, 2, 3)} <= set(partitions("history_minuteoutcomes"))
    assert {"history_houroutcomes_p20261101", "history_houroutcomes_p20261201"} <= set(
        partitions("history_houroutcomes")
    )

    keep_partitions(NOON + KEEP_MINUTES)
    assert MinuteOutcomes.objects.exists()
    keep_partitions(NOON + KEEP_MINUTES + timedelta(days=1))
    assert not MinuteOutcomes.objects.exists()
    assert "history_minuteoutcomes_p20261121" not in partitions("history_minuteoutcomes")


def test_more_failures_than_probes_are_refused(store, fra_1_from_eu):
    store(fra_1_from_eu, 0, took(10))
    with pytest.raises(IntegrityError, match="minuteoutcomes_failures_within_probes"), transaction.atomic():
        MinuteOutcomes.objects.update(failures=2)
