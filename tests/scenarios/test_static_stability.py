"""Promise: an edge answers on, and restarts, with everything else stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dns.exception
import pytest

from common.ports import free_port
from tests.running_system import RunningSystem
from tests.scenarios.client import addresses, call, eventually

GERMANY = "91.0.0.0/24"


class Edge:
    """An edge node as on a machine of its own: a feed URL, a token and a directory, nothing else."""

    def __init__(self, home: Path, feed: str, token: str) -> None:
        self.dns = f"127.0.0.1:{free_port()}"
        inherited = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        self.environment = inherited | {
            "TRAFFICMGR_HOME": str(home),
            "TRAFFICMGR_DNS": self.dns,
            "TRAFFICMGR_FEED": feed,
            "TRAFFICMGR_NODE_TOKEN": token,
        }

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "trafficmgr", "edge"], env=self.environment)

    def end(self, number: signal.Signals) -> None:
        self.process.send_signal(number)
        self.process.wait(30)

    def www(self) -> list[str]:
        """What it answers, or nothing while it does not."""
        try:
            return addresses(self.dns, "www.demo.test.", GERMANY)
        except (OSError, dns.exception.Timeout):
            return []


@pytest.fixture
def whole(home) -> Iterator[RunningSystem]:
    system = RunningSystem(home)
    system.start()
    yield system
    if system.process.poll() is None:
        system.stop()


@pytest.fixture
def edge(whole, tmp_path) -> Iterator[Edge]:
    status, node, _ = call(whole, "POST", "/api/v1/nodes", {"name": "far", "site": "local"})
    assert status == 201
    edge = Edge(tmp_path, whole.web, node["token"])
    edge.start()
    yield edge
    edge.end(signal.SIGTERM)


def test_an_edge_answers_on_and_restarts_with_everything_else_stopped(whole, edge):
    expected = {"127.0.1.1", "127.0.1.2"}
    eventually(lambda: set(edge.www()), expected.__eq__, what="the edge has its first snapshot")

    whole.stop()
    assert set(edge.www()) == expected

    edge.end(signal.SIGKILL)
    edge.start()
    eventually(lambda: set(edge.www()), expected.__eq__, what="the edge answers from its own disk")
