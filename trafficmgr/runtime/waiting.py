"""Waiting for what other processes do."""

from __future__ import annotations

import time
from collections.abc import Callable

from trafficmgr.runtime.problem import StartError

POLL_S = 0.05


class TooLateError(StartError):
    """Something did not happen in time."""


def wait_until(happened: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Return once `happened()` is true. It may raise to give up early; after `timeout_s` TooLateError is raised."""
    deadline = time.monotonic() + timeout_s
    while not happened():
        if time.monotonic() > deadline:
            raise TooLateError(f"{what}: not within {timeout_s:.0f} s")
        time.sleep(POLL_S)
