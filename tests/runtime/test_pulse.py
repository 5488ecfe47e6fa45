"""A web process, as one of its own: heartbeats arrive, and the clock of leases goes while they can, not longer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.db import connection

from accounts.models import Team
from common.ports import free_port
from healthchecks.derived_models import Lease, LeaseClock
from healthchecks.models import Check, Transition
from healthchecks.services import assign
from regions.models import Endpoint, Region
from tests.healthchecks.waiting import wait_until
from trafficmgr.runtime import pulse

HERE = "127.0.0.1"


def database_url() -> str:
    """That of the test database, for another process."""
    where = connection.settings_dict
    return f"postgres://{where['USER']}:{where['PASSWORD']}@{where['HOST']}:{where['PORT']}/{where['NAME']}"


@pytest.fixture
def web(home: Path, transactional_db: None) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The port of a web process, and the process."""
    port = free_port()
    variables = {"TRAFFICMGR_HOME": str(home), "TRAFFICMGR_WEB": f"{HERE}:{port}", "DATABASE_URL": database_url()}
    process = subprocess.Popen(
        [sys.executable, "-m", "trafficmgr", "web"], env=os.environ | variables, start_new_session=True
    )
    yield port, process
    process.send_signal(signal.SIGTERM)
    process.wait()


def status(port: int, method: str, path: str) -> int:
    conversation = HTTPConnection(HERE, port, timeout=20)
    conversation.request(method, path)
    answer = conversation.getresponse().status
    conversation.close()
    return answer


def test_heartbeats_arrive_and_the_clock_goes_until_the_process_stops(web):
    port, process = web
    wait_until(LeaseClock.objects.exists, "the first pulse")
    first = LeaseClock.objects.get().at
    wait_until(lambda: LeaseClock.objects.get().at > first, "another one")

    ops = Team.objects.create(name="ops")
    eu = Region.objects.create(team=ops, name="eu", latitude=50, longitude=8)
    check = Check.objects.create(team=ops, name="job", kind="push", options={})
    assign(check, [Endpoint.objects.create(team=ops, name="fra-1", region=eu, ipv4="192.0.2.1")])
    url = f"/push/v1/{Lease.objects.get().token}"
    assert [status(port, method, url) for method in ("GET", "HEAD", "POST")] == [200, 200, 200]
    assert [status(port, "POST", f"{url}/fail"), status(port, "GET", url + "x")] == [200, 404]
    assert list(Transition.objects.order_by("sequence").values_list("to_state", flat=True)) == ["up", "down"]

    process.send_signal(signal.SIGTERM)
    process.wait()
    assert pulse.call(HERE, port), "nobody answers"


def test_a_door_that_refuses_is_said_to(home):
    assert "refused" in pulse.call(HERE, free_port()).lower()
