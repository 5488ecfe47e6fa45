"""Observations count once each, in sketches that add up, whoever writes them and whatever goes wrong meanwhile."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, OperationalError, connection

from telemetry.models import BeaconWindow, CountedBeacon, RefusedBeacons, UnlearnedBeacons
from telemetry.rum import services
from telemetry.rum.judging import LATE_S, MAX_COUNT, Judged, Observation, Reason
from telemetry.rum.services import KEPT, forget, gains, measured, record, refused, windows
from telemetry.rum.sketch import Sketch

NOW = datetime(2026, 11, 21, 8, 0, 7, tzinfo=UTC)
WINDOW = NOW.replace(second=0)
WINDOW_S = int(WINDOW.timestamp())
FRA, IAD = 10, 11
HOUR = (NOW - timedelta(hours=1), NOW + timedelta(hours=1))
HOME, OFFICE = "203.0.113.0", "2001:db8::"


def seen(identity, rtt_ms=34.5, prefix=HOME, endpoint=FRA, window_s=WINDOW_S):
    return Observation(window_s, identity, window_s, prefix, endpoint, rtt_ms)


def judged(*observations, **refused):
    judged = Judged(list(observations))
    judged.refused.update({Reason(name): count for name, count in refused.items()})
    return judged


def kept():
    return {(window.network, window.endpoint_id): window.sketch for window in windows(*HOUR)}


@pytest.mark.django_db
def test_what_is_recorded_is_read_by_window_network_and_endpoint():
    outcome = record(judged(seen(1, 10.0), seen(2, 20.0), seen(3, prefix=OFFICE), seen(4, endpoint=IAD)), NOW)

    assert (outcome.accepted, outcome.refused) == (4, {})
    assert kept() == {
        ("203.0.113.0/24", FRA): Sketch.of([10.0, 20.0]),
        ("203.0.113.0/24", IAD): Sketch.of([34.5]),
        ("2001:db8::/48", FRA): Sketch.of([34.5]),
    }
    assert {window.start for window in windows(*HOUR)} == {WINDOW}


@pytest.mark.django_db
def test_batches_of_one_window_are_merged():
    record(judged(seen(1, 10.0), seen(2, 400.0)), NOW)
    record(judged(seen(3, 20.0)), NOW)

    assert kept() == {("203.0.113.0/24", FRA): Sketch.of([10.0, 400.0, 20.0])}


@pytest.mark.django_db
def test_windows_are_read_from_a_point_on():
    record(judged(*[seen(number, window_s=WINDOW_S + 10 * number) for number in range(4)]), NOW)

    starts = [window.start for window in windows(WINDOW + timedelta(seconds=10), WINDOW + timedelta(seconds=30))]
    assert starts == [WINDOW + timedelta(seconds=10), WINDOW + timedelta(seconds=20)]


@pytest.mark.django_db
def test_a_batch_sent_again_counts_nothing():
    batch = judged(seen(1), seen(2), seen(2))

    assert record(batch, NOW).refused == {Reason.DUPLICATE: 1}
    again = record(batch, NOW)
    assert (again.accepted, again.refused) == (0, {Reason.DUPLICATE: 3})
    assert kept() == {("203.0.113.0/24", FRA): Sketch.of([34.5] * 2)}


@pytest.mark.django_db
def test_a_batch_that_was_half_sent_before_counts_the_other_half():
    record(judged(seen(1, 10.0)), NOW)

    assert record(judged(seen(1, 10.0), seen(2, 20.0)), NOW).accepted == 1
    assert kept() == {("203.0.113.0/24", FRA): Sketch.of([10.0, 20.0])}


def test_a_batch_that_arrives_many_times_at_once_counts_once(transactional_db):
    batch, outcomes = judged(*[seen(number, endpoint=number % 7) for number in range(200)]), []
    together = threading.Barrier(4)

    def run() -> None:
        together.wait()
        outcomes.append(record(batch, NOW))
        connection.close()

    in_threads(run, 4)

    assert sorted(outcome.accepted for outcome in outcomes) == [0, 0, 0, 200]
    assert sum(sketch.count for sketch in kept().values()) == 200


def test_batches_that_touch_the_same_windows_in_any_order_wait_and_do_not_lock_up(transactional_db):
    together = threading.Barrier(4)

    def run(number: int) -> None:
        mine = [seen(1000 * number + part, endpoint=part % 50, prefix=f"198.51.{part % 9}.0") for part in range(300)]
        together.wait()
        record(judged(*(mine if number % 2 else reversed(mine)), outlier=1), NOW)
        connection.close()

    in_threads(run, 4, numbered=True)

    assert sum(sketch.count for sketch in kept().values()) == 1200
    assert refused(*HOUR) == {"outlier": 4}


def in_threads(run, count, *, numbered=False):
    threads = [threading.Thread(target=run, args=(number,) if numbered else ()) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_what_was_not_committed_counts_when_it_is_sent_again(transactional_db, monkeypatch):
    def lost(*_):
        raise OperationalError("the server closed the connection")

    batch = judged(seen(1), seen(2))
    with monkeypatch.context() as broken:
        broken.setattr(services, "add_refused", lost)
        with pytest.raises(OperationalError):
            record(batch, NOW)
    assert not CountedBeacon.objects.exists()
    assert not BeaconWindow.objects.exists()

    assert record(batch, NOW).accepted == 2


@pytest.mark.django_db
def test_a_window_takes_no_more_than_tells_something():
    first = record(judged(*[seen(number) for number in range(MAX_COUNT + 5)]), NOW)
    second = record(judged(seen(9_000), seen(9_001, endpoint=IAD)), NOW)

    assert (first.accepted, first.refused) == (MAX_COUNT, {Reason.CAPPED: 5})
    assert (second.accepted, second.refused) == (1, {Reason.CAPPED: 1})
    assert kept()["203.0.113.0/24", FRA].count == MAX_COUNT


@pytest.mark.django_db
def test_what_windows_have_gained_is_handed_out_once():
    record(judged(seen(1, 10.0), seen(2, 20.0), seen(3, prefix=OFFICE)), NOW)
    record(judged(seen(1, 10.0), seen(4, 40.0, endpoint=IAD)), NOW)

    gained = gains(100)
    rows = zip(gained.addresses.tolist(), gained.endpoint_ids.tolist(), gained.counts.tolist(), strict=True)
    assert sorted(rows, key=str) == [
        ([0, 0xFFFF_CB00_7100], FRA, 2),
        ([0, 0xFFFF_CB00_7100], IAD, 1),
        ([0x2001_0DB8_0000_0000, 0], FRA, 1),
    ]
    assert set(gained.windows_s.tolist()) == {WINDOW_S}
    assert sum(gained.log_sums.tolist()) == sum(sketch.log_sum for sketch in kept().values())
    assert len(gains(100).counts) == 0


@pytest.mark.django_db
def test_what_a_full_window_refused_was_not_gained():
    record(judged(*[seen(number) for number in range(MAX_COUNT)]), NOW)
    record(judged(seen(9_000), seen(9_001, endpoint=IAD)), NOW)

    gained = gains(100)
    assert list(zip(gained.endpoint_ids.tolist(), gained.counts.tolist(), strict=True)) == [(FRA, MAX_COUNT), (IAD, 1)]


@pytest.mark.django_db
def test_refusals_are_counted_by_reason():
    record(judged(seen(1), late=2), NOW)
    record(judged(seen(1), late=1, forged=4), NOW + timedelta(seconds=1))

    assert refused(*HOUR) == {"duplicate": 1, "forged": 4, "late": 3}


@pytest.mark.django_db
def test_an_endpoint_says_how_often_and_how_far_away_it_was_measured():
    record(judged(seen(1, 10.0), seen(2, 40.0, OFFICE), seen(3, endpoint=IAD)), NOW)

    (fra,) = measured([FRA, 99], *HOUR)
    assert (fra.endpoint_id, fra.count, fra.newest) == (FRA, 2, WINDOW + timedelta(seconds=10))
    assert fra.mean_rtt_ms == pytest.approx(20.0, rel=0.001)


@pytest.mark.django_db
def test_before_the_first_beacon_there_is_nothing_to_read():
    assert (list(windows(*HOUR)), measured([FRA], *HOUR), refused(*HOUR)) == ([], [], {})
    assert record(judged(), NOW).accepted == 0


@pytest.mark.django_db
def test_what_is_old_is_forgotten_and_what_could_be_copied_is_not(django_assert_num_queries):
    old, copyable = NOW - KEPT - timedelta(seconds=60), NOW - timedelta(seconds=LATE_S)
    record(judged(seen(1, window_s=int(old.timestamp())), late=1), old)
    record(judged(seen(2, window_s=int(copyable.timestamp())), late=1), NOW)

    with django_assert_num_queries(4):  # none of the rows is read
        assert forget(NOW) == 4
    assert UnlearnedBeacons.objects.count() == 1
    assert [row.identity for row in CountedBeacon.objects.all()] == [2]
    assert BeaconWindow.objects.count() == RefusedBeacons.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("count", [0, 128])
def test_the_database_refuses_a_count_that_bins_cannot_hold(count):
    sums = {"log_sum": 0, "log_square_sum": 0, "bins_1": 0, "bins_2": 0, "bins_3": 0}
    with pytest.raises(IntegrityError, match="beaconwindow_count_in_range"):
        BeaconWindow.objects.create(start=WINDOW, prefix=HOME, endpoint_id=FRA, count=count, **sums)
