"""Turns of learning over a real database: nothing is lost, nothing counts twice, and the past can be had again."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import Team
from latency.capacity.fairness_reports import report_fairness
from latency.history import memory, taught
from latency.intake import Location
from latency.models import LatencyCheckpoint, LatencyMap, LatencyTurn
from latency.services import KEPT, NotKeptError, learn, learner_at, maps_since
from latency.table import encoded
from regions.models import EdgeNode, Endpoint, Region, Site
from regions.services import create_node_token
from telemetry.models import NodeStanding
from telemetry.rum.judging import Judged, Observation
from telemetry.rum.services import record
from tests.latency.map_reader import Map, decoded

NOW = datetime(2026, 11, 25, 8, 0, 7, tzinfo=UTC)
HOME, OFFICE = "203.0.113.0", "2001:db8:7::"
HOME_KEY, OFFICE_KEY = 0xCB0071, 0x20010DB80007
LYON = Location(64500, "FR", 45.8, 4.8)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_learned():
    memory.drop()


@pytest.fixture
def ops(transactional_db):
    return Team.objects.create(name="ops")


@pytest.fixture
def paris(ops):
    return endpoint_of(ops, "paris", 48.9, 2.4)


@pytest.fixture
def tokyo(ops):
    return endpoint_of(ops, "tokyo", 35.7, 139.7)


def endpoint_of(team: Team, name: str, latitude: float, longitude: float) -> Endpoint:
    region = Region.objects.create(team=team, name=name, latitude=latitude, longitude=longitude)
    return Endpoint.objects.create(team=team, name=name, region=region, ipv4="192.0.2.1")


IDENTITIES = itertools.count(1)


def measure(endpoint: Endpoint, *rtts_ms: float, client: str = HOME, at: datetime = NOW, late_s: int = 0) -> None:
    """Beacons that arrive at a moment, measured `late_s` before it."""
    window_s = window_at(at - timedelta(seconds=late_s))
    seen = [Observation(window_s, next(IDENTITIES), window_s, client, endpoint.id, rtt_ms) for rtt_ms in rtts_ms]
    assert record(Judged(seen), at).accepted == len(rtts_ms)


def window_at(moment: datetime) -> int:
    return int(moment.timestamp()) // 10 * 10


def in_lyon(networks: Sequence[str]) -> list[Location]:
    return [LYON for _network in networks]


def turn(seconds: float = 0) -> int | None:
    return learn(NOW + timedelta(seconds=seconds), in_lyon)


def restart() -> None:
    memory.drop()


def newest() -> Map:
    return decoded(bytes(LatencyMap.objects.order_by("-sequence").first().content))


def samples(seconds: float = 0) -> float:
    """What is known of HOME at a moment, in observations."""
    whole = decoded(encoded(learner_at(NOW + timedelta(seconds=seconds)).message(1, 0)))
    return whole.ipv4[HOME_KEY].samples


def test_without_measurements_there_is_no_turn(paris):
    assert turn() is None
    assert maps_since(0) == []


def test_what_users_measure_is_in_the_next_map(paris, tokyo):
    measure(paris, 22.0, 23.0)
    measure(tokyo, 180.0, client=OFFICE)

    assert turn() == 1

    said = newest()
    assert (said.sequence, said.base, said.made_s) == (1, 0, int(NOW.timestamp()))
    assert said.regions == [paris.region_id, tokyo.region_id]
    assert said.ipv4[HOME_KEY].samples == 2
    assert said.ipv4[HOME_KEY].order == [0, 1]
    assert said.ipv6[OFFICE_KEY].samples == 1
    assert {key for kind, key in said.groups if kind == 2} == {64500}


def test_a_turn_tells_listeners(paris):
    with connection.cursor() as cursor:
        cursor.execute("LISTEN latency")
    measure(paris, 22.0)
    turn()

    notes = list(connection.connection.notifies(timeout=5, stop_after=1))
    assert [(note.channel, note.payload) for note in notes] == [("latency", "1")]


def test_what_was_taken_in_is_not_taken_in_again_and_what_a_window_has_gained_is(paris):
    measure(paris, 22.0, 23.0)
    assert turn() == 1
    assert turn(5) is None
    measure(paris, 24.0)
    assert turn(6) == 2
    assert turn(7) is None

    assert samples(8) == 3


def test_what_comes_late_is_taken_in_all_the_same(paris):
    measure(paris, 22.0)
    turn()
    later = NOW + timedelta(seconds=65)
    measure(paris, 22.0, at=later, late_s=590)

    assert turn(66) == 2
    assert samples(67) == 2


@pytest.mark.parametrize("restarts", [(), (1,), (2, 3), (1, 2, 3, 4)])
def test_a_restart_in_the_middle_loses_nothing_and_counts_nothing_twice(paris, tokyo, restarts):
    for number, rtt_ms in enumerate([22.0, 25.0, 300.0, 28.0], start=1):
        measure(paris, rtt_ms, at=NOW + timedelta(seconds=number))
        measure(tokyo, rtt_ms + 150, client=OFFICE, at=NOW + timedelta(seconds=number))
        if number in restarts:
            restart()
        assert turn(number) == number
        assert turn(number + 0.5) is None

    told = [bytes(content) for content in LatencyMap.objects.order_by("sequence").values_list("content", flat=True)]
    assert [decoded(content).base for content in told] == [0, 1, 2, 3]
    assert samples(5) == 4
    assert encoded(learner_at(NOW + timedelta(seconds=5)).message(9, 0)) == encoded(memory.learner.message(9, 0))


def test_a_turn_that_is_not_committed_has_not_been(paris, monkeypatch):
    measure(paris, 22.0)
    turn()
    measure(paris, 23.0)
    monkeypatch.setattr("latency.services.notify", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        turn(5)
    monkeypatch.undo()

    assert turn(6) == 2
    assert samples(7) == 2


def test_another_process_goes_on_where_the_first_one_was(paris):
    measure(paris, 22.0)
    turn()
    ours = memory.learner, memory.stamp
    restart()
    measure(paris, 23.0)
    assert turn(5) == 2
    memory.learner, memory.stamp = ours
    measure(paris, 24.0)

    assert turn(10) == 3
    assert newest().ipv4[HOME_KEY].samples == 3


def test_turns_of_others_that_were_taught_in_part_are_not_learned_twice(paris, monkeypatch):
    measure(paris, 22.0)
    turn()
    ours = memory.learner, memory.stamp
    restart()
    for second in (5, 10):
        measure(paris, 23.0, at=NOW + timedelta(seconds=second))
        turn(second)
    memory.learner, memory.stamp = ours

    def taught_in_part(*of_turns):
        yield next(taught(*of_turns))
        raise OperationalError

    monkeypatch.setattr("latency.history.taught", taught_in_part)
    with pytest.raises(OperationalError):
        report_fairness(NOW + timedelta(seconds=11))
    monkeypatch.undo()
    report_fairness(NOW + timedelta(seconds=12))

    assert memory.learner.message(3, 0).cells.samples.tolist() == [pytest.approx(3, abs=0.01)]


def test_what_is_committed_after_what_came_later_is_learned_from_once_all_the_same(paris, other_connection):
    with transaction.atomic():
        measure(paris, 22.0)
        other_connection(lambda: measure(paris, 23.0, client=OFFICE))
        assert other_connection(turn) == 1
    assert set(newest().ipv4) == set()
    assert turn(5) == 2
    assert turn(10) is None

    assert samples(11) == 1


def test_a_turn_takes_no_more_than_it_can_and_the_next_one_goes_on(paris, monkeypatch):
    monkeypatch.setattr("latency.services.MOST_AT_ONCE", 2)
    for rtt_ms in (22.0, 23.0, 24.0, 25.0, 26.0):
        measure(paris, rtt_ms)

    assert [turn(number) for number in range(4)] == [1, 2, 3, None]
    assert samples(5) == 5


def test_a_window_that_is_full_teaches_nothing_more(paris):
    measure(paris, *[22.0] * 100)
    assert turn() == 1
    refused = record(Judged([Observation(0, next(IDENTITIES), window_at(NOW), HOME, paris.id, 900.0)]), NOW)
    assert refused.accepted == 0

    assert turn(5) is None


def test_while_a_thread_learns_the_next_tick_does_not_wait_for_it(paris, other_connection, monkeypatch):
    meanwhile = []

    def takes_long(now, locate):
        meanwhile.append(other_connection(lambda: turn(5)))
        return 1

    monkeypatch.setattr("latency.services._turn", takes_long)
    assert turn() == 1
    assert meanwhile == [None]


def test_while_another_process_learns_ours_does_not(paris, other_connection):
    measure(paris, 22.0)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [0x746D, 3])
        assert other_connection(turn) is None
    assert turn() == 1


@pytest.fixture
def other_connection():
    """Calls a function in a thread, whose connection is another one."""

    def call(function):
        results: list[object] = []

        def run():
            try:
                results.append(function())
            finally:
                connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(20)
        return results[0]

    return call


def test_what_was_known_at_a_moment_can_be_had_again_to_the_octet(paris, tokyo):
    known = {}
    for second in range(0, 1400, 200):
        measure(paris, 22.0 + second / 100, at=NOW + timedelta(seconds=second))
        measure(tokyo, 190.0, at=NOW + timedelta(seconds=second))
        turn(second)
        known[second] = encoded(memory.learner.message(7, 0))

    assert LatencyCheckpoint.objects.count() == 3
    for second, content in known.items():
        assert encoded(learner_at(NOW + timedelta(seconds=second + 1)).message(7, 0)) == content
    with pytest.raises(NotKeptError):
        learner_at(NOW - timedelta(seconds=1))


def test_maps_lead_from_any_to_the_newest(paris):
    for second in range(0, 1000, 200):  # full at 0 and 600
        measure(paris, 22.0, at=NOW + timedelta(seconds=second))
        turn(second)

    def lead(sequence):
        return [(decoded(content).sequence, decoded(content).base) for content in maps_since(sequence)]

    assert lead(5) == []
    assert lead(4) == [(5, 4)]
    for sequence in (0, 2, 3, 99):
        assert lead(sequence) == [(4, 0), (5, 4)]


def test_a_new_region_makes_a_full_map_that_has_it(paris, ops):
    measure(paris, 22.0)
    turn()
    tokyo = endpoint_of(ops, "tokyo", 35.7, 139.7)

    assert turn(5) == 2
    assert (newest().base, newest().regions) == (0, [paris.region_id, tokyo.region_id])
    assert newest().ipv4[HOME_KEY].samples == 1


def test_measurements_of_an_endpoint_that_is_gone_are_left_out(paris, tokyo):
    measure(paris, 22.0)
    measure(tokyo, 180.0)
    tokyo.delete()

    turn()

    assert newest().regions == [paris.region_id]
    assert newest().ipv4[HOME_KEY].samples == 1


def test_the_past_goes_after_a_day_but_never_what_the_present_rests_on(paris):
    for hour in range(30):
        for second in (0, 900, 905):
            at = timedelta(hours=hour, seconds=second)
            measure(paris, 22.0, at=NOW + at)
            turn(at.total_seconds())

    now = NOW + timedelta(hours=29, seconds=906)
    made = LatencyTurn.objects.order_by("number").values_list("made", flat=True)
    assert now - timedelta(hours=26) < made[0] <= now - KEPT + timedelta(hours=1)
    assert LatencyMap.objects.filter(base=0).count() == 2
    assert LatencyCheckpoint.objects.count() <= 27
    learner_at(now - timedelta(hours=24))
    restart()
    measure(paris, 22.0, at=now)
    assert turn((now - NOW).total_seconds()) is not None


def test_after_a_restore_the_next_turn_is_numbered_above_the_maps_that_edges_have_and_is_full(paris, tokyo):
    measure(paris, 22.0)
    assert turn() == 1
    site = Site.objects.create(team=paris.team, name="lyon", latitude=45.8, longitude=4.8)
    node = EdgeNode(team=paris.team, site=site, name="lyon-1")
    create_node_token(node)
    said = {"trust_version": 1, "refusals": {}, "orders": [], "switched_off": []}
    NodeStanding.objects.create(node=node, latency_sequence=70, **said)

    assert turn(5) == 71
    assert (newest().sequence, newest().base) == (71, 0)
    assert turn(10) is None  # nothing has come, and nobody is ahead any more
    restart()
    measure(paris, 24.0)
    assert turn(15) == 72
