"""Which core a process runs on, and how far the two cores of a run are apart."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from bench.tools import tool

SERVER_CORE, GENERATOR_CORE = 0, 1
FAR_NS = 100.0
"""Cores that share a cache are some tens of nanoseconds apart; others some hundreds."""
MOVED = "moved"
REALTIME_PRIORITY = 10
PING_S = 10.0


@contextmanager
def starting_on(core: int, realtime: bool) -> Iterator[None]:
    """Processes started meanwhile stay on `core`. `realtime`: before all others of the machine, which takes root."""
    cores, policy = os.sched_getaffinity(0), os.sched_getscheduler(0)
    os.sched_setaffinity(0, {core})
    try:
        if realtime:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(REALTIME_PRIORITY))
        yield
    finally:
        os.sched_setscheduler(0, policy, os.sched_param(0))
        os.sched_setaffinity(0, cores)


def ping_ns(realtime: bool) -> float:
    """How long a cache line travels between the two cores."""
    with starting_on(GENERATOR_CORE, realtime):
        command = [str(tool("dns-load")), f"ping={GENERATOR_CORE},{SERVER_CORE}"]
        output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PING_S).stdout
    return float(json.loads(output)["ping_ns"])


def mode_of(before_ns: float, after_ns: float) -> str:
    """Runs are compared only with runs of their mode: `near`, `far`, or `moved` from one to the other meanwhile."""
    modes = {"far" if ping > FAR_NS else "near" for ping in (before_ns, after_ns)}
    return modes.pop() if len(modes) == 1 else MOVED
