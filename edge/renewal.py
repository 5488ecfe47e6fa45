"""A running edge becomes the version that is installed now, and stays the same process (SIGUSR2).

    process 7, old ──place──► process 8, new: its deputy ──place──► process 7, new by exec
                                        └─ ends

Who supervises the edge, by its process id or as its parent, sees it run on. Both hand-overs lose no query
(edge/handover.py). Nobody supervises the deputy, so it ends with process 7, whatever ends that one.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""
STOPPING = (signal.SIGTERM, signal.SIGINT)
DEPUTY_OF = "TRAFFICMGR_DEPUTY_OF"
"""In the environment of a deputy: the process that it stands in for."""

log = logging.getLogger(__name__)


class Renewal:
    """`command` starts an edge like this one that takes over; empty: there is none."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._deputy: subprocess.Popen[bytes] | None = None
        self._is_called_off = False

    @property
    def is_possible(self) -> bool:
        return bool(self._command)

    def start(self) -> None:
        """Have a deputy take the place. Should it fail, it says why, and this edge goes on."""
        if self._deputy is not None and self._deputy.poll() is None:
            log.warning("a renewal is under way already: process %d", self._deputy.pid)
            return
        environment = {**os.environ, DEPUTY_OF: str(os.getpid())}
        self._deputy = subprocess.Popen(self._command, env=environment)  # noqa: S603 - it is how this process was started
        log.info("renewing: process %d stands in meanwhile", self._deputy.pid)

    def is_deputy(self, process: int | None) -> bool:
        return self._deputy is not None and self._deputy.pid == process

    def call_off(self) -> None:
        """Whoever stops the edge means its deputy too."""
        self._is_called_off = True
        if self._deputy is not None and self._deputy.poll() is None:
            self._deputy.terminate()

    def outlive_loop(self) -> None:
        """Hear that the edge is to stop when its event loop does not any more, which still has the handlers."""
        for number in STOPPING:
            signal.signal(number, lambda *_: self.call_off())

    def become_new(self) -> None:
        """Take the place back from the deputy, as the version that is installed now. Returns if it is called off."""
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)  # over the exec, until `hear_signals`
        if self._is_called_off:
            return
        # Both survive the exec: the deputy leaves no zombie, and a signal that comes too early does not kill.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        try:
            os.execv(self._command[0], self._command)  # noqa: S606 - as above
        except OSError as error:
            log.error(
                "%s cannot be started, the deputy goes on: mend it, then renew again: %s", self._command[0], error
            )
            self._stand_by()

    def _stand_by(self) -> NoReturn:
        """Be to the supervisor what the deputy is, which answers by now."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number in (*STOPPING, signal.SIGUSR2):
            signal.signal(number, self._relay)
        hear_signals()
        sys.exit(self._deputy is None or self._deputy.wait() != 0)

    def _relay(self, number: int, _: FrameType | None) -> None:
        if self._deputy is not None:
            self._deputy.send_signal(number)


def hear_signals() -> None:
    """Those to stop, now that there are handlers for them: the process may have become new, and they wait since."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def end_with_who_renews() -> None:
    """If this process is a deputy, have the kernel stop it when the process ends that it stands in for (prctl(2))."""
    principal = os.environ.pop(DEPUTY_OF, None)
    if principal is None:
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM.value, 0, 0, 0)
    if str(os.getppid()) != principal:
        log.error("process %s ended before its deputy could take its place", principal)
        sys.exit(1)
