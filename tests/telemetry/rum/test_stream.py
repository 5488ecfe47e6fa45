"""Beacons over a stream of a real Valkey: whoever dies on the way, each counts, and each counts once."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from common.ports import free_port
from telemetry.models import BeaconWindow, CountedBeacon
from telemetry.rum.counting import count_next
from telemetry.rum.judging import LATE_S, Judged, Observation, Reason
from telemetry.rum.services import KEPT, forget, refused, take_in
from telemetry.rum.stream import GROUP, STREAM, Consumer, StreamError, oldest
from tests.healthchecks.test_losses import database_url
from tests.healthchecks.waiting import wait_until
from tests.telemetry.rum.valkey import valkey

BATCHES, BATCH = 60, 50
IDENTITIES = itertools.count(1)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def url(port) -> str:
    return f"redis://127.0.0.1:{port}/0"


@pytest.fixture
def stream(url, port, tmp_path) -> Iterator[str]:
    with valkey(tmp_path, port):
        yield url


def now() -> datetime:
    """The stream has a clock of its own: theirs must agree."""
    return datetime.now(UTC)


def batch(size: int = 3, age_s: int = 0, **refusals: int) -> Judged:
    """Each of a network of its own."""
    judged, window_s = Judged(), (int(now().timestamp()) - age_s) // 10 * 10
    for identity in itertools.islice(IDENTITIES, size):
        prefix = f"11.{identity // 250 % 250}.{identity % 250}.0"
        judged.observations.append(Observation(window_s, identity, window_s, prefix, 7, 34.5))
    judged.refused.update({Reason(name): count for name, count in refusals.items()})
    return judged


def consumer(url: str, name: str = "ours", claim_s: float = 0) -> Consumer:
    joined = Consumer(url, name, claim_s)
    joined.join()
    return joined


def counted() -> int:
    return sum(BeaconWindow.objects.values_list("count", flat=True))


def test_what_is_taken_in_counts_once_somebody_counts(transactional_db, stream):
    outcome = take_in(batch(late=2), now(), stream)
    assert (outcome.accepted, dict(outcome.refused), counted()) == (3, {"late": 2}, 0)
    assert oldest(stream) is not None

    ours = consumer(stream)
    assert (count_next(ours), counted()) == (1, 3)
    assert refused(now() - timedelta(minutes=1), now() + timedelta(minutes=9)) == {"late": 2}
    assert oldest(stream) is None
    assert redis.Redis.from_url(stream).xlen(STREAM) == 0


def test_what_a_consumer_took_and_did_not_count_is_counted_by_another(transactional_db, stream):
    take_in(batch(), now(), stream)
    assert consumer(stream, "dead").take(0.1).ids

    assert (count_next(consumer(stream)), counted()) == (1, 3)


def test_what_a_consumer_counted_and_did_not_delete_counts_once(transactional_db, stream, monkeypatch):
    take_in(batch(), now(), stream)
    dead = consumer(stream, "dead")
    with monkeypatch.context() as killed:
        killed.setattr(dead, "done", lambda _taken: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            count_next(dead)
    assert counted() == 3

    assert (count_next(consumer(stream)), counted()) == (1, 3)
    assert oldest(stream) is None


def test_while_a_batch_waits_what_could_be_a_copy_of_it_is_remembered(transactional_db, stream):
    sent = batch(age_s=LATE_S)
    for _twice in range(2):
        take_in(sent, now(), stream)
    ours = consumer(stream)
    taken = ours.take(0.1)
    later = now() + timedelta(hours=3)
    take_in(Judged(sent.observations), now(), None)

    forget(later, oldest(stream))
    assert CountedBeacon.objects.count() == 3
    ours.done(taken)
    forget(later, oldest(stream))
    assert CountedBeacon.objects.count() == 0
    assert timedelta(hours=3) < KEPT
    assert counted() == 3


def test_a_stream_that_does_not_answer_acknowledges_nothing(url):
    with pytest.raises(StreamError):
        take_in(batch(), now(), url)


def test_an_application_is_told_when_the_stream_does_not_answer(application, fra, settings, url, refused):
    settings.RUM_STREAM = url
    body = (
        f'{{"id": "a", "client": "203.0.113.7", "endpoint": "fra", "rtt_ms": 30.0, "measured_s": {now().timestamp()}}}'
    )

    assert "again" in refused(application(body), 503)["detail"]


@contextmanager
def counters(url: str, log: Path, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many processes `trafficmgr counter`; those that run at the end are killed."""
    environment = os.environ | {"DATABASE_URL": database_url(), "TRAFFICMGR_RUM_STREAM": url}
    command = [sys.executable, "-m", "trafficmgr", "counter"]
    with log.open("ab") as out:
        processes = [subprocess.Popen(command, env=environment, stdout=out, stderr=out) for _ in range(count)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_consumers_and_the_stream_die_in_the_middle_and_every_beacon_counts_once(transactional_db, url, port, tmp_path):
    """The first consumer is killed while it counts, then the stream itself, which has written all it acknowledged."""
    total, log = BATCHES * BATCH, tmp_path / "counters.log"
    with valkey(tmp_path, port):
        for _number in range(BATCHES):
            take_in(batch(BATCH), now(), url)
        with counters(url, log, 1):
            wait_until(lambda: counted() > 0, "the first batches")
    with valkey(tmp_path, port):
        left = redis.Redis(port=port)
        take_in(batch(BATCH), now(), url)
        (dead,) = (each["name"] for each in left.xinfo_consumers(STREAM, GROUP))
        for entry in left.xpending_range(STREAM, GROUP, "-", "+", 1000, consumername=dead):
            left.xclaim(STREAM, GROUP, dead, 0, [entry["message_id"]], idle=60_000, justid=True)
        with counters(url, log, 2) as others:
            wait_until(lambda: len(left.xinfo_consumers(STREAM, GROUP)) == 3, "both at the stream")
            wait_until(lambda: left.xlen(STREAM) == 0, "an empty stream")
            for other in others:
                other.send_signal(signal.SIGTERM)
                assert other.wait(20) == 0
        assert counted() == total + BATCH
        assert [each["name"] for each in left.xinfo_consumers(STREAM, GROUP)] == [dead]
