"""A process that tests lose, freeze and start again."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
END_S = 60.0


class Process:
    """What it says goes to `log`. It is started where the repository is."""

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.command = command
        self.log = log
        self.environment = environment
        self.running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(self.command, cwd=ROOT, stdout=log, stderr=log, env=self.environment)

    def end(self, number: signal.Signals) -> None:
        """Send the signal and wait until it has ended, if it runs."""
        if self.running:
            self.running.send_signal(number)
            self.running.wait(END_S)
            self.running = None

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    @contextmanager
    def lost(self) -> Iterator[None]:
        """Killed at first, started again at the end."""
        self.kill()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stopped in the middle of whatever it does, and resumed at the end."""
        assert self.running
        os.kill(self.running.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.running.pid, signal.SIGCONT)
