"""The whole system as its operators start it: `trafficmgr up` without the demo, in a directory of its own."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.processes import Running
from common.ports import free_port

STOP_S = 60.0


@dataclass(frozen=True, slots=True)
class System:
    """`running` are all of its processes; `dns_port` is where its edge answers, on loopback."""

    running: Running
    web: str
    token: str
    home: Path
    dns_port: int

    @property
    def database_url(self) -> str:
        """Where its Postgres is."""
        assignments = shlex.split((self.home / "services.env").read_text())
        return dict(assignment.split("=", 1) for assignment in assignments)["DATABASE_URL"]

    def session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(self.web, headers={"Authorization": f"Token {self.token}"})

    def pid_of(self, name: str) -> int:
        """The process that runs `trafficmgr NAME`. Raises LookupError."""
        for pid in self.running.pids():
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            if arguments[1:4] == [b"-m", b"trafficmgr", name.encode()]:
                return pid
        raise LookupError(f"no process runs `trafficmgr {name}`")


@contextmanager
def system(variables: Mapping[str, str]) -> Iterator[System]:
    """Ready; stopped and forgotten after the block."""
    with tempfile.TemporaryDirectory(prefix="trafficmgr-bench-") as home:
        Path(home).chmod(0o711)  # so that root's service account reaches its own directory inside
        web, dns_port = f"127.0.0.1:{free_port()}", free_port()
        own = {"TRAFFICMGR_HOME": home, "TRAFFICMGR_WEB": web, "TRAFFICMGR_DNS": f"127.0.0.1:{dns_port}"}
        environment = {**os.environ, **own, "TRAFFICMGR_METRICS": "", "TRAFFICMGR_DEMO": "0", **variables}
        command = [sys.executable, "-m", "trafficmgr", "up"]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            _wait_until_ready(process)
            token = json.loads((Path(home) / "admin.json").read_text())["token"]
            yield System(Running(process, dns_port), f"http://{web}", token, Path(home), dns_port)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_S)


def _wait_until_ready(process: subprocess.Popen[str]) -> None:
    """`trafficmgr up` ends by itself, saying why, where it does not get ready."""
    for line in process.stdout or ():
        if line.startswith("ready"):
            return
    raise SystemExit("`trafficmgr up` did not get ready: its last lines say why")
