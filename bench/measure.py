"""One cell of a run: one server under one workload, once."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cores import GENERATOR_CORE, mode_of, ping_ns, starting_on
from bench.processes import Running, ServerFailedError, running
from bench.servers.server import ADDRESS, Server
from bench.tools import tool
from bench.workloads import Query

LATE_S = 30.0
BUSY = 0.9
"""Below it the server had nothing to do at times: the generator, not the server, was measured."""


@dataclass(frozen=True, slots=True)
class Pace:
    """`realtime`: both processes come before all others of the machine."""

    seconds: float = 2.0
    warmup_s: float = 0.3
    window: int = 128
    realtime: bool = False
    latency: bool = True


@dataclass(frozen=True, slots=True)
class Cell:
    """What was measured. Latencies in microseconds, at half the rate of `qps`; None: not asked for."""

    server: str
    round: int
    mode: str
    ping_ns: float
    cpu_ns: float
    qps: float
    idle: float
    lost: int
    memory_mb: float
    latency_us: tuple[float, float, float] | None

    @property
    def is_busy(self) -> bool:
        return self.idle <= 1 - BUSY


def measure(server: Server, directory: Path, port: int, queries: tuple[Path, Query], round_: int, pace: Pace) -> Cell:
    """Start the server, load it, end it. Raises ServerFailedError when it answers wrongly."""
    file, first = queries
    before_ns = ping_ns(pace.realtime)
    with running(server, directory, port, first, pace.realtime) as process:
        closed = _load(server, process, file, pace, f"window={pace.window}", f"seconds={pace.seconds}")
        latency = None
        if pace.latency:
            rate = f"rate={closed['qps'] / 2:.0f}"
            opened = _load(server, process, file, pace, rate, "ports=4", f"seconds={pace.seconds / 2}")
            latency = (opened["p50_us"], opened["p99_us"], opened["p999_us"])
        memory_mb = process.memory_mb()
    after_ns = ping_ns(pace.realtime)
    return Cell(
        server=server.name,
        round=round_,
        mode=mode_of(before_ns, after_ns),
        ping_ns=after_ns,
        cpu_ns=closed["cpu_ns"],
        qps=closed["qps"],
        idle=max(0.0, 1 - closed["busy"] - closed["waiting"]),
        lost=closed["lost"],
        memory_mb=memory_mb,
        latency_us=latency,
    )


def _load(server: Server, process: Running, queries: Path, pace: Pace, *options: str) -> dict[str, Any]:
    pids = ",".join(map(str, process.pids()))
    target = (f"server={ADDRESS}:{process.port}", f"pids={pids}", f"queries={queries}")
    command = [str(tool("dns-load")), *target, f"judge={server.judge}", f"warmup={pace.warmup_s}", *options]
    with starting_on(GENERATOR_CORE, pace.realtime):
        finished = subprocess.run(command, check=True, capture_output=True, text=True, timeout=pace.seconds + LATE_S)
    report: dict[str, Any] = json.loads(finished.stdout)
    if report["wrong"] or not report["answered"]:
        raise ServerFailedError(
            f"{server.name}: {report['wrong']} wrong replies, {report['answered']} right ones, {report['lost']} lost;"
            f" one that was wrong: {report['wrong_example']}"
        )
    return report
