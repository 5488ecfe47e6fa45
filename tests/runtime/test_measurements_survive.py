"""Nothing that was acknowledged is lost, and nothing sent again counts twice, when processes die in the middle."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.ports import free_port
from tests.healthchecks.waiting import wait_until
from tests.running_system import RunningSystem, temporary_home
from tests.scenarios.client import call, eventually
from tests.telemetry.rum.valkey import valkey

BATCHES, BATCH, SENDERS = 80, 50, 2
ANSWER_S = 20


@contextlib.contextmanager
def started(**variables: str) -> Iterator[RunningSystem]:
    with temporary_home() as home:
        system = RunningSystem(home, demo=False, variables=variables)
        system.start()
        call(system, "PUT", "/api/v1/regions/eu", {"latitude": 50, "longitude": 8, "is_vantage": False})
        call(system, "PUT", "/api/v1/endpoints/fra", {"region": "eu", "ipv4": "192.0.2.1", "checks": []})
        yield system
        system.stop()


@pytest.fixture
def system() -> Iterator[RunningSystem]:
    with started() as system:
        yield system


@pytest.fixture
def streaming(tmp_path) -> Iterator[RunningSystem]:
    """One whose web process leaves counting to another."""
    port = free_port()
    with valkey(tmp_path, port), started(TRAFFICMGR_RUM_STREAM=f"redis://127.0.0.1:{port}/0") as system:
        yield system


class Sender(threading.Thread):
    """Sends its batches one after the other, each until it is acknowledged."""

    def __init__(self, system: RunningSystem, numbers: range) -> None:
        super().__init__()
        self.url, self.headers = f"{system.web}/rum/v1/beacons", {"Authorization": f"Token {system.token}"}
        self.numbers = numbers
        self.acknowledged = self.failed = 0

    def run(self) -> None:
        for number in self.numbers:
            body = json.dumps([beacon(number, part) for part in range(BATCH)]).encode()
            while not self.is_acknowledged(body):
                self.failed += 1
                time.sleep(0.05)
            self.acknowledged += 1

    def is_acknowledged(self, body: bytes) -> bool:
        request = urllib.request.Request(self.url, data=body, headers=self.headers)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as response:
                return response.status == 200
        except (urllib.error.URLError, OSError):
            return False


def beacon(batch: int, part: int) -> dict[str, object]:
    """Each is of a network of its own, so that none is one too many."""
    return {
        "id": f"{batch}-{part}",
        "client": f"11.{batch}.{part}.7",
        "endpoint": "fra",
        "rtt_ms": 34.5,
        "measured_s": time.time(),
    }


def kill(system: RunningSystem, command: str) -> None:
    found = [pid for pid, arguments in system.processes().items() if f"trafficmgr {command}" in arguments]
    os.kill(min(found), signal.SIGKILL)


def kill_backend(system: RunningSystem) -> None:
    """Kill -9 what Postgres serves one connection with: it ends all the others, and recovers."""
    postmasters = {str(pid) for pid, arguments in system.processes().items() if "postgres" in arguments}
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            parent = (directory / "stat").read_text().rpartition(")")[2].split()[1]
            if parent in postmasters and (directory / "cmdline").read_text().startswith("postgres: trafficmgr"):
                os.kill(int(directory.name), signal.SIGKILL)
                return
    raise AssertionError("Postgres serves nobody")


def test_beacons_survive_the_death_of_the_web_process_and_of_postgres(system):
    senders = [Sender(system, range(first, BATCHES, SENDERS)) for first in range(SENDERS)]
    for sender in senders:
        sender.start()

    def acknowledged() -> int:
        return sum(sender.acknowledged for sender in senders)

    eventually(acknowledged, (BATCHES // 8).__le__, what="some are acknowledged")
    kill(system, "web")
    eventually(acknowledged, (BATCHES // 2).__le__, what="more are, by the next web process")
    kill_backend(system)
    for sender in senders:
        sender.join()

    assert sum(sender.failed for sender in senders) > 0
    (fra,) = call(system, "GET", "/api/v1/measurements")[1]["endpoints"]
    assert (fra["endpoint"], fra["count"]) == ("fra", BATCHES * BATCH)


def counted(system: RunningSystem) -> int:
    return sum(each["count"] for each in call(system, "GET", "/api/v1/measurements")[1]["endpoints"])


def test_with_a_stream_beacons_survive_the_death_of_who_takes_them_and_of_who_counts_them(streaming):
    sender = Sender(streaming, range(BATCHES))
    sender.start()
    eventually(lambda: sender.acknowledged, (BATCHES // 8).__le__, what="some are acknowledged")
    kill(streaming, "counter")
    eventually(lambda: sender.acknowledged, (BATCHES // 2).__le__, what="more are")
    kill(streaming, "web")
    sender.join()

    wait_until(lambda: counted(streaming) == BATCHES * BATCH, "all of them to count")
