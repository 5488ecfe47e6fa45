"""The state directory of one machine, `$TRAFFICMGR_HOME`, and who may use it.

up.lock         held by the one `trafficmgr up`, exclusively
children.lock   held by every process it started, shared: free once all are gone
services.env    where the embedded services are, and the secret key; read by trafficmgr.environment
logs/           one file a process
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from trafficmgr.runtime.problem import StartError
from trafficmgr.runtime.waiting import wait_until

LEFTOVERS_TIMEOUT_S = 30.0


class AlreadyRunningError(StartError):
    """Another `trafficmgr up` uses the state directory."""


@dataclass(frozen=True)
class StateDirectory:
    """Absolute: processes are started from other directories."""

    path: Path

    @classmethod
    def open(cls, home: Path) -> StateDirectory:
        """Make what is missing. Embedded services may pass through it; every secret in it is a file of 0600."""
        path = home.absolute()
        path.mkdir(mode=0o711, parents=True, exist_ok=True)
        (path / "logs").mkdir(mode=0o700, exist_ok=True)
        (path / "children.lock").touch(mode=0o600)
        return cls(path)

    @property
    def children_lock(self) -> Path:
        return self.path / "children.lock"

    @property
    def services_env(self) -> Path:
        return self.path / "services.env"

    def log(self, name: str) -> Path:
        return self.path / "logs" / f"{name}.log"

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the state directory. Raises AlreadyRunningError naming the process that holds it."""
        descriptor = os.open(self.path / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+") as lock:
            self._take(lock)
            yield

    def wait_for_leftovers(self) -> None:
        """Return once every process of an earlier start has ended. They end by themselves (tied.py)."""
        with self.children_lock.open() as lock:
            wait_until(lambda: _try_lock(lock), LEFTOVERS_TIMEOUT_S, f"{self.path}: processes of an earlier start end")

    def has_leftovers(self) -> bool:
        with self.children_lock.open() as lock:
            return not _try_lock(lock)

    def _take(self, lock: TextIOWrapper) -> None:
        if not _try_lock(lock):
            holder = lock.read().strip() or "unknown"
            raise AlreadyRunningError(
                f"already running on {self.path} (process {holder}): stop that with Ctrl-C or `kill {holder}`, "
                "or set TRAFFICMGR_HOME, TRAFFICMGR_WEB and TRAFFICMGR_DNS for a second one"
            )
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()


def _try_lock(file: TextIOWrapper) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
