"""Servers as processes: started on their core, asked until they answer, weighed, ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.cores import SERVER_CORE, starting_on
from bench.servers.server import ADDRESS, Server
from bench.workloads import NOERROR, Query

START_S = 60.0
STOP_S = 10.0
POLL_S = 0.001


class ServerFailedError(Exception):
    """A server that did not start, or did not answer rightly. The message says where its output is."""


@dataclass(frozen=True, slots=True)
class Running:
    process: subprocess.Popen[str]
    port: int

    def pids(self) -> list[int]:
        """The process and what it started."""
        return with_children(self.process.pid)

    def memory_mb(self) -> float:
        """Proportional set size: what processes share counts once."""
        return proportional_mb(self.pids())

    def processor_s(self) -> float:
        """What it has used of the processor since it started."""
        tasks = (task for pid in self.pids() for task in Path(f"/proc/{pid}/task").glob("*/schedstat"))
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


@contextmanager
def running(server: Server, directory: Path, port: int, first: Query, realtime: bool = False) -> Iterator[Running]:
    """The server, answering `first`. Raises ServerFailedError."""
    output = directory / "output.txt"
    with output.open("w") as log, starting_on(SERVER_CORE, realtime):
        process = subprocess.Popen(
            server.command(directory, port),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    try:
        _await_answer(process, port, first, output)
        yield Running(process, port)
    finally:
        _end(process)


def ask(port: int, query: Query, timeout_s: float = 3.0) -> bytes | None:
    """The reply to one query; None: there was none in time."""
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout_s)
        try:
            sock.connect((ADDRESS, port))
            if sock.getsockname() == sock.getpeername():
                return None  # nobody has the server's port yet, so the kernel gave it to us: we would answer ourselves
            sock.send(query.to_wire())
            return sock.recv(4096)
        except OSError:
            return None


def _await_answer(process: subprocess.Popen[str], port: int, first: Query, output: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerFailedError(f"{process.args!r}: ended with {process.returncode}; see {output}")
        reply = ask(port, first, timeout_s=0.05)
        if reply is not None and reply[3] & 0x0F == (first.rcode if reply[2] & 0x80 else NOERROR):
            return
        time.sleep(POLL_S)
    raise ServerFailedError(f"{process.args!r}: does not answer {first.name}; see {output}")


def _end(process: subprocess.Popen[str]) -> None:
    """All of the session, so that no child outlives its server."""
    if process.stdin is not None:
        process.stdin.close()
    for signal_ in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, signal_)
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            process.wait(STOP_S)
        break


def with_children(pid: int) -> list[int]:
    """The process and what it started."""
    found, waiting = [], [pid]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            waiting += map(int, children.read_text().split())
    return found


def used_s(pids: Iterable[int]) -> float:
    """What these processes have used of the processor, with threads that have ended, in hundredths of a second."""
    return sum(sum(map(int, _statistics(pid)[13:15])) for pid in pids) / os.sysconf("SC_CLK_TCK")


def _statistics(pid: int) -> list[str]:
    """The fields of proc_pid_stat(5); the second, a name in brackets, may hold spaces."""
    head, _, tail = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")
    return [*head.split(" (", 1), *tail.split()]


def proportional_mb(pids: Iterable[int]) -> float:
    """Of these processes, what each shares with others counted in parts."""
    return sum(map(_proportional_kb, pids)) / 1000


def _proportional_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0
