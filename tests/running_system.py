"""A whole system of its own for scenario tests: `trafficmgr up` in a directory and on ports that nothing else uses."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from common.ports import LOOPBACK, free_port

READY_TIMEOUT_S = 180.0  # a first start on a busy machine of two cores
STOP_TIMEOUT_S = 60.0
SET_FOR_OTHER_TESTS = ("DATABASE_URL", "BROKER_URL", "TRAFFICMGR_SECRET_KEY")


@contextlib.contextmanager
def temporary_home() -> Iterator[Path]:
    """A state directory that embedded services of root can enter, gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="trafficmgr-home-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@dataclass
class RunningSystem:
    """`start` returns once it is ready. What it said is in `said`, line by line."""

    home: Path
    demo: bool = True
    web_address: str = field(default_factory=lambda: f"{LOOPBACK}:{free_port()}")
    dns: str = field(default_factory=lambda: f"{LOOPBACK}:{free_port()}")
    metrics: str = field(default_factory=lambda: f"{LOOPBACK}:{free_port()}")
    variables: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    @property
    def web(self) -> str:
        return f"http://{self.web_address}"

    @property
    def login(self) -> dict[str, str]:
        return json.loads((self.home / "admin.json").read_text())

    @property
    def token(self) -> str:
        return self.login["token"]

    @property
    def environment(self) -> dict[str, str]:
        """Of every process and every command that belongs to this system."""
        inherited = {name: value for name, value in os.environ.items() if name not in SET_FOR_OTHER_TESTS}
        return inherited | {
            "TRAFFICMGR_HOME": str(self.home),
            "TRAFFICMGR_WEB": self.web_address,
            "TRAFFICMGR_DNS": self.dns,
            "TRAFFICMGR_METRICS": self.metrics,
            "TRAFFICMGR_DEMO": str(int(self.demo)),
            **self.variables,
        }

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "trafficmgr", "up"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._listen)
        self._reader.start()
        in_time = self._ready.wait(READY_TIMEOUT_S)
        if not in_time or not self.said[-1].startswith("ready"):
            self.stop()
            raise AssertionError("`trafficmgr up` did not get ready; it said:\n" + "\n".join(self.said))

    @property
    def is_running(self) -> bool:
        return hasattr(self, "process") and self.process.poll() is None

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop it and return its exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Return its exit code once it has ended and all that it said is read."""
        code = self.process.wait(STOP_TIMEOUT_S)
        self._reader.join(STOP_TIMEOUT_S)
        self.process.stdout.close()
        return code

    def command(self, *arguments: str, check: bool = True) -> str:
        """What `trafficmgr ARGUMENT…` prints."""
        done = subprocess.run(
            [sys.executable, "-m", "trafficmgr", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        assert not check or done.returncode == 0, done.stdout
        return done.stdout

    def processes(self) -> dict[int, str]:
        """Every process on this machine that belongs to this system, by its environment or arguments."""
        found = {}
        for directory in Path("/proc").glob("[0-9]*"):
            try:
                arguments = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                belongs = str(self.home) in arguments or str(self.home).encode() in (directory / "environ").read_bytes()
            except (FileNotFoundError, PermissionError, ProcessLookupError):
                continue
            if belongs and arguments:  # a zombie has no arguments left
                found[int(directory.name)] = arguments
        return found

    def _listen(self) -> None:
        """Take what it says until it ends; `_ready` is set at the line that says so, or at the end."""
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if line.startswith("ready"):
                self._ready.set()
        self._ready.set()


@contextlib.contextmanager
def demo_running() -> Iterator[RunningSystem]:
    """The whole system with its demo, which the tests of a folder share; gone when they are done."""
    with temporary_home() as home:
        system = RunningSystem(home)
        system.start()
        yield system
        if system.is_running:
            system.stop()
