"""`trafficmgr up`: one at a time, nothing left behind, and started again whatever happened before."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.running_system import RunningSystem, temporary_home
from trafficmgr.runtime.waiting import wait_until

ENDS_S = 30


@pytest.fixture(scope="module")
def installed() -> Iterator[RunningSystem]:
    """One state directory for all: each test finds what the one before did to it."""
    with temporary_home() as home:
        system = RunningSystem(home, demo=False)
        yield system
        if system.is_running:
            system.stop()


@pytest.fixture
def system(installed: RunningSystem) -> RunningSystem:
    """It runs."""
    if not installed.is_running:
        installed.start()
    return installed


def ended(system: RunningSystem) -> None:
    """Wait until nothing of it is left."""
    wait_until(lambda: not system.processes(), ENDS_S, "all processes end")


def pids_of(system: RunningSystem, words: str) -> list[int]:
    return [pid for pid, arguments in system.processes().items() if words in arguments]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything(system, number):
    assert len(system.processes()) > 6

    assert system.stop(number) == 0
    assert system.processes() == {}
    assert system.said[-1] == "stopped"


def test_a_second_start_on_the_same_state_says_so(system):
    said = system.command("up", check=False)

    assert said.startswith(f"trafficmgr: already running on {system.home} (process {system.process.pid})")
    assert system.command("status").startswith("generation ")


def test_after_kill_9_everything_ends_by_itself_and_the_next_start_works(system):
    login = system.login
    system.stop(signal.SIGKILL)
    ended(system)

    system.start()
    assert system.login == login


def test_after_kill_9_of_supervisord_nothing_is_left_either(system):
    (supervisord,) = pids_of(system, "supervisor.supervisord")
    os.kill(supervisord, signal.SIGKILL)
    assert system.wait() == 1
    ended(system)

    assert "supervisord ended" in "\n".join(system.said)


def test_a_process_that_dies_is_started_again(system):
    before = pids_of(system, "trafficmgr worker")
    os.kill(before[0], signal.SIGKILL)

    wait_until(lambda: pids_of(system, "trafficmgr worker") not in ([], before), ENDS_S, "the worker is started again")


def test_a_region_declared_later_gets_its_worker(system):
    declare = (
        "from accounts.models import Team; from regions.models import Region;"
        "Region.objects.create(team=Team.objects.get(), name='mars', latitude=0, longitude=0)"
    )
    shell = [sys.executable, "manage.py", "shell", "--no-imports", "-c", declare]
    subprocess.run(shell, env=system.environment, check=True, timeout=60)

    def has_worker() -> bool:
        return any("worker --region mars" in arguments for arguments in system.processes().values())

    wait_until(has_worker, ENDS_S, "the new region's worker")


def test_the_login_is_for_its_owner_alone(system):
    assert set(system.login) == {"username", "password", "token", "web", "dns"}
    for name in ("admin.json", "services.env", "node.token", "supervisord.conf"):
        assert stat.S_IMODE((system.home / name).stat().st_mode) == 0o600


def test_an_address_that_is_taken_is_named_with_its_variable(system, tmp_path):
    other = RunningSystem(tmp_path, web_address=system.web_address)

    assert "set TRAFFICMGR_WEB to another address" in other.command("up", check=False)
