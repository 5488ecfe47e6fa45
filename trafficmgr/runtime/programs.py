"""What `trafficmgr up` runs, each as one supervised program.

services    postgres, broker            unless DATABASE_URL, BROKER_URL name others
processes   web, beat, edge, worker-REGION…, counter if there is a stream,
            and of the demo: origins, traffic, measurements
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trafficmgr.runtime.postgres import EmbeddedPostgres
from trafficmgr.runtime.service_account import ServiceAccount
from trafficmgr.runtime.tying import tie
from trafficmgr.runtime.valkey import EmbeddedValkey


@dataclass(frozen=True)
class Program:
    """One supervised program. Services stop last."""

    name: str
    command: Sequence[str]
    stop_signal: str = "SIGTERM"
    is_service: bool = False
    account: ServiceAccount | None = None

    def tied(self, lock: Path) -> list[str]:
        """The command that runs it so that it ends with its supervisor (tied.py)."""
        return tie(self.command, signal=self.stop_signal, lock=lock, account=self.account)


def postgres_program(postgres: EmbeddedPostgres) -> Program:
    """SIGINT is the fast shutdown: sessions are ended, nothing is lost."""
    return Program("postgres", postgres.command(), "SIGINT", is_service=True, account=postgres.directory.account)


def broker_program(valkey: EmbeddedValkey) -> Program:
    return Program("broker", valkey.command(), is_service=True, account=valkey.directory.account)


def process(name: str, *arguments: str) -> Program:
    """A process of our own, by its arguments to `trafficmgr`."""
    return Program(name, [sys.executable, "-m", "trafficmgr", *arguments])


def fixed_processes(demo: bool, counts: bool) -> list[Program]:
    """All but the workers. `counts`: measurements go through a stream."""
    counter = [process("counter", "counter")] if counts else []
    demo_processes = [process(f"demo-{part}", "demo", part) for part in ("origins", "traffic", "measurements")]
    fixed = [process("web", "web"), process("edge", "edge"), process("beat", "beat")]
    return [*fixed, *counter, *(demo_processes if demo else [])]


def workers(regions: Sequence[str]) -> list[Program]:
    """One worker a region; the first also takes the control queue. No region: one for that queue alone."""
    if not regions:
        return [process("worker", "worker", "--control")]
    return [_worker(regions[0], "--control"), *(_worker(region) for region in regions[1:])]


def worker_of_new_region(region: str) -> Program:
    """A worker beside those that run already, one of which has the control queue."""
    return _worker(region)


def _worker(region: str, *options: str) -> Program:
    return process(f"worker-{region}", "worker", "--region", region, *options)
