"""Promise: one command makes a machine an edge node, which follows the key that it pinned, and orders by file."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dns.exception
import pytest

from common.ports import free_port
from tests.scenarios.client import addresses, call, eventually

GERMANY = "91.0.0.0/24"


class Machine:
    """With trafficmgr on it, and nothing else."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.dns = f"127.0.0.1:{free_port()}"
        inherited = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self._environment = inherited | {
            "TRAFFICMGR_HOME": str(home),
            "TRAFFICMGR_DNS": self.dns,
            "TRAFFICMGR_METRICS": "",
        }
        self._edge: subprocess.Popen[bytes] | None = None

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "trafficmgr", *arguments]
        return subprocess.run(
            command, env=self._environment | more, capture_output=True, text=True, check=False, timeout=60
        )

    def start_edge(self) -> None:
        self._edge = subprocess.Popen([sys.executable, "-m", "trafficmgr", "edge"], env=self._environment)

    def stop_edge(self) -> None:
        if self._edge is not None:
            self._edge.send_signal(signal.SIGTERM)
            self._edge.wait(30)

    def www(self) -> list[str]:
        """What it answers, or nothing while it does not."""
        try:
            return addresses(self.dns, "www.demo.test.", GERMANY)
        except (OSError, dns.exception.Timeout):
            return []


@pytest.fixture
def machine(tmp_path) -> Iterator[Machine]:
    machine = Machine(tmp_path)
    yield machine
    machine.stop_edge()


def invitation(system, machine: Machine, *more: str) -> list[str]:
    """The words of the command that is printed for the node's machine, without the first."""
    said = {"TRAFFICMGR_URL": system.web, "TRAFFICMGR_TOKEN": system.token}
    printed = machine.run("node", "enroll", "far-away", *more, **said)
    assert printed.returncode == 0, printed.stderr
    name, *words = shlex.split(printed.stdout)
    assert name == "trafficmgr"
    return words


def test_a_machine_is_enrolled_serves_and_takes_orders(system, machine):
    words = invitation(system, machine, "--site", "local")
    enrolled = machine.run(*words)
    assert enrolled.returncode == 0, enrolled.stderr
    assert (machine.home / "node.token").stat().st_mode & 0o777 == 0o600
    machine.start_edge()
    served = eventually(machine.www, bool, what="the node has its first snapshot")

    again = machine.run(*words)
    assert again.returncode == 1
    assert "unknown, used or expired" in again.stderr

    # One endpoint is switched off by a file, signed with the key of the system and without asking it anything.
    endpoint = endpoint_of(system, served[0])
    [key] = (system.home / "keys").iterdir()
    order = ["break-glass", "sign", "--endpoint", endpoint, "--off", "--expires", "1h", "--key", str(key)]
    signed = machine.run(*order, "--output", str(machine.home / "edge" / "break-glass"))
    assert signed.returncode == 0, signed.stderr
    eventually(machine.www, lambda found: found and served[0] not in found, what="the endpoint is off")


def test_a_feed_that_has_another_key_than_the_pinned_one_enrols_nobody(system, machine):
    words = invitation(system, machine, "--site", "local")
    refused = machine.run(*words[:-1], "0" * 64)

    assert refused.returncode == 1
    assert "someone is in between" in refused.stderr
    assert not (machine.home / "node.token").exists()


def endpoint_of(system, address: str) -> str:
    _status, page, _ = call(system, "GET", "/api/v1/endpoints")
    return next(each["name"] for each in page["results"] if each["ipv4"] == address)
