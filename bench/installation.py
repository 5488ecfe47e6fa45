"""An installation for a benchmark: `trafficmgr up` in a directory of its own, and any number of edges beside it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.ports import free_port

HOST = "127.0.0.1"
READY_S = 180.0
STOP_S = 60.0
POLL_S = 0.1


class InstallationError(Exception):
    """The installation does not start. The message says where its output is."""


@dataclass
class Installation:
    """Running while `running_installation` says so."""

    directory: Path
    web: str = field(default_factory=lambda: f"{HOST}:{free_port()}")
    dns: str = field(default_factory=lambda: f"{HOST}:{free_port()}")
    edges: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.directory / "home"

    def variables(self) -> dict[str, str]:
        """Of `trafficmgr up`."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TRAFFICMGR_")}
        for name in ("DATABASE_URL", "BROKER_URL"):
            inherited.pop(name, None)
        own = {"HOME": str(self.home), "WEB": self.web, "DNS": self.dns, "DEMO": "0", "METRICS": ""}
        return inherited | {f"TRAFFICMGR_{name}": value for name, value in own.items()}

    def put(self, path: str, body: Any) -> Any:
        return self._call("PUT", path, body)

    def post(self, path: str, body: Any) -> Any:
        return self._call("POST", path, body)

    def start_edge(self, number: int) -> str:
        """A process of its own, fed by the web process. Returns where it answers."""
        name, address = f"edge-{number}", f"{HOST}:{free_port()}"
        self.put("sites/bench", {"latitude": 50.1, "longitude": 8.7})
        token = self.put(f"nodes/{name}", {"site": "bench"})["token"]
        home = self.directory / name
        home.mkdir()
        own = {"HOME": str(home), "DNS": address, "FEED": f"http://{self.web}", "NODE_TOKEN": token}
        exempt = {"TRAFFICMGR_RATE_LIMIT_EXEMPT": "127.0.0.0/8"}  # it is asked more than any client asks
        variables = self.variables() | {f"TRAFFICMGR_{key}": value for key, value in own.items()} | exempt
        with (home / "output.txt").open("wb") as output:
            command = [sys.executable, "-m", "trafficmgr", "edge"]
            self.edges.append(subprocess.Popen(command, env=variables, stdout=output, stderr=output))
        return address

    def stop_edges(self) -> None:
        for process in self.edges:
            process.terminate()
        for process in self.edges:
            process.wait(STOP_S)

    def _call(self, method: str, path: str, body: Any) -> Any:
        request = urllib.request.Request(f"http://{self.web}/api/v1/{path}", json.dumps(body).encode(), method=method)
        token = json.loads((self.home / "admin.json").read_text())["token"]
        request.add_header("Authorization", f"Token {token}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)


@asynccontextmanager
async def running_installation(directory: Path) -> AsyncIterator[Installation]:
    """From ready to stopped, its edges too. Raises InstallationError."""
    system, output = Installation(directory), directory / "output.txt"
    with output.open("wb") as log:
        command = [sys.executable, "-m", "trafficmgr", "up"]
        process = subprocess.Popen(command, env=system.variables(), stdout=log, stderr=log)  # noqa: ASYNC220 - once
    try:
        await _until_ready(process, system, output)
        yield system
    finally:
        await asyncio.to_thread(system.stop_edges)
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait, STOP_S)


async def _until_ready(process: subprocess.Popen[bytes], system: Installation, output: Path) -> None:
    deadline = time.monotonic() + READY_S
    while not _is_ready(system):
        if process.poll() is not None or time.monotonic() > deadline:
            said = await asyncio.to_thread(output.read_text)
            raise InstallationError(f"trafficmgr up does not get ready; it said:\n{said[-2000:]}")
        await asyncio.sleep(POLL_S)


def _is_ready(system: Installation) -> bool:
    try:
        with urllib.request.urlopen(f"http://{system.web}/readyz", timeout=5) as response:
            return bool(response.status == 200) and (system.home / "admin.json").exists()
    except OSError:
        return False
