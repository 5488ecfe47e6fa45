"""A running edge becomes the version that is installed now, and stays the same process (SIGUSR2).

    process 7, old ──place──► process 8, new: its deputy ──place──► process 7, new by exec
                                        └─ ends

Who supervises the edge, by its process id or as its parent, sees it run on. Both hand-overs lose no query
(edge/handover.py).
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
from collections.abc import Sequence
from typing import NoReturn

log = logging.getLogger(__name__)


class Renewal:
    """`command` starts an edge like this one that takes over; empty: there is none."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._deputy: subprocess.Popen[bytes] | None = None

    @property
    def is_possible(self) -> bool:
        return bool(self._command)

    def start(self) -> None:
        """Have a deputy take the place. Should it fail, it says why, and this edge goes on."""
        if self._deputy is not None and self._deputy.poll() is None:
            log.warning("a renewal is under way already: process %d", self._deputy.pid)
            return
        self._deputy = subprocess.Popen(self._command)  # noqa: S603 - it is how this process was started
        log.info("renewing: process %d stands in meanwhile", self._deputy.pid)

    def is_deputy(self, process: int | None) -> bool:
        return self._deputy is not None and self._deputy.pid == process

    def call_off(self) -> None:
        """Whoever stops the edge means its deputy too."""
        if self._deputy is not None and self._deputy.poll() is None:
            self._deputy.terminate()

    def become_new(self) -> NoReturn:
        """Take the place back from the deputy, as the version that is installed now."""
        # Both survive the exec: the deputy leaves no zombie, and a signal that comes too early does not kill.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        os.execv(self._command[0], self._command)  # noqa: S606 - as above
