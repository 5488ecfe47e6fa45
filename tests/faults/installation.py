"""trafficmgr with its demo, each part a process of its own that can be lost, frozen and started again.

Postgres, broker ◄── web, beat, worker-eu (and control), worker-us, worker-asia
                     └──► edge ◄── whoever asks
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from common.ports import LOOPBACK, free_port
from tests.faults.network import as_user, cut_off
from tests.faults.services import Postgres
from tests.process import ROOT, Process
from tests.running_system import SET_FOR_OTHER_TESTS
from tests.scenarios.client import call, eventually

WEB_HOST = "127.0.0.9"
"""Of its own, so that edges can be cut off from the web process and still be asked."""
USERS = {"worker-us": 1, "worker-asia": 2, "edge": 3}
"""What can be cut off from a network."""
DEMO_ENDPOINTS = 6
WAIT_FOR_EXIT_S = 120
PREPARE = """
from trafficmgr.environment import environment
from trafficmgr.runtime import control_plane
control_plane.load()
control_plane.prepare(environment())
"""


class Edge(Process):
    """One edge node, its directory and where it answers. `feed`: of the web process, unless it is fed elsewhere."""

    def __init__(self, home: Path, feed: str, token: str, inherited: Mapping[str, str]) -> None:
        self.dns = f"{LOOPBACK}:{free_port()}"
        self.home = home
        variables = {
            "TRAFFICMGR_HOME": str(home),
            "TRAFFICMGR_DNS": self.dns,
            "TRAFFICMGR_METRICS": "",
            "TRAFFICMGR_FEED": feed,
            "TRAFFICMGR_NODE_TOKEN": token,
        }
        home.mkdir(exist_ok=True)
        super().__init__(_trafficmgr("edge"), home / "edge.log", {**inherited, **variables})


class Installation:
    """`web` is where its API is, `token` of its administrator: what tests.scenarios.client.call takes.

    `separable`: some parts run as users of their own (tests.faults.network).
    """

    def __init__(
        self, home: Path, postgres: Postgres, broker_url: str, *, database_url: str = "", separable: bool = False
    ) -> None:
        self.home = home
        self.postgres = postgres
        self.separable = separable
        self.web_address = f"{WEB_HOST}:{free_port()}"
        self.web = f"http://{self.web_address}"
        self._bare = {name: value for name, value in os.environ.items() if name not in SET_FOR_OTHER_TESTS}
        self.environment = self._bare | {
            "DATABASE_URL": database_url or postgres.url,
            "BROKER_URL": broker_url,
            "TRAFFICMGR_HOME": str(home),
            "TRAFFICMGR_WEB": self.web_address,
            "TRAFFICMGR_PROBE_PRIVATE": "1",
            "TRAFFICMGR_SECRET_KEY": "only-for-tests-" + "0" * 40,
        }
        self.parts = {
            "web": self._process("web"),
            "beat": self._process("beat"),
            "origins": self._process("demo", "origins"),
            "worker-eu": self._process("worker", "--region", "eu", "--control"),
            "worker-us": self._process("worker", "--region", "us", user="worker-us"),
            "worker-asia": self._process("worker", "--region", "asia", user="worker-asia"),
        }

    @cached_property
    def token(self) -> str:
        return str(json.loads((self.home / "admin.json").read_text())["token"])

    @contextmanager
    def running(self) -> Iterator[None]:
        """Prepared and started; returns once each endpoint of the demo is known to be up."""
        self._prepare()
        try:
            for part in self.parts.values():
                part.start()
            self._probe_patiently()
            eventually(self.ups, DEMO_ENDPOINTS.__eq__, what="the demo's endpoints are up")
            yield
        finally:
            for part in reversed(self.parts.values()):
                part.kill()

    @contextmanager
    def edge(self, name: str) -> Iterator[Edge]:
        """An edge node of its own, which answers."""
        status, node, _type = call(self, "POST", "/api/v1/nodes", {"name": name, "site": "local"})
        assert status == 201, node
        edge = Edge(self.home / name, self.web, node["token"], self._bare)
        edge.command = self._command(*edge.command, user="edge")
        edge.start()
        try:
            yield edge
        finally:
            edge.kill()

    @contextmanager
    def without(self, *names: str) -> Iterator[None]:
        """Some parts killed at first, and started again at the end."""
        for name in names:
            self.parts[name].kill()
        try:
            yield
        finally:
            for name in names:
                self.parts[name].start()

    @contextmanager
    def cut_off(self, part: str, *networks: str) -> Iterator[None]:
        """What a part sends to these networks does not arrive meanwhile. Only where it is separable."""
        with cut_off(USERS[part], *networks):
            yield

    def _probe_patiently(self) -> None:
        """On a busy machine an endpoint may take long to answer, which is no fault that is tried here."""
        eventually(self.ups, lambda ups: ups >= 0, what="the API answers")
        status, told, _type = call(self, "PATCH", "/api/v1/checks/demo-http", {"timeout_ms": 1000, "fall": 3})
        assert status == 200, told

    def ups(self) -> int:
        """How many endpoints are up; none while the API does not say."""
        try:
            status, told, _type = call(self, "GET", "/api/v1/status")
        except OSError:
            return -1
        return int(told["health"]["up"]) if status == 200 else -1

    def down(self) -> set[str]:
        return {row["endpoint"] for row in call(self, "GET", "/api/v1/status")[1]["not_up"]}

    def transitions(self, endpoint: str) -> list[dict[str, Any]]:
        """Of one endpoint, the last one first."""
        return list(call(self, "GET", f"/api/v1/transitions?endpoint={endpoint}")[1]["results"])

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        return self.postgres.sql(statement)

    def _process(self, *arguments: str, user: str | None = None) -> Process:
        command = self._command(*_trafficmgr(*arguments), user=user)
        return Process(command, self.home / f"{'-'.join(arguments)}.log", self.environment)

    def _command(self, *command: str, user: str | None) -> list[str]:
        return as_user(USERS[user], command) if user and self.separable else list(command)

    def _prepare(self) -> None:
        command = [sys.executable, "-c", PREPARE]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=WAIT_FOR_EXIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def _trafficmgr(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "trafficmgr", *arguments]
