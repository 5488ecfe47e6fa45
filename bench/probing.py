"""`python -m bench.probing`: many endpoints seen from several vantages, and what that costs.

    one web server on all of 127.64.0.0/10 ◄── probes ── a worker for each vantage ◄── ticks ── beat
    /api/v1/vantages, asked each second ──► how late probes began in that second: 99 of 100, and at worst

`trafficmgr up` with nothing but regions, endpoints and one check. Endpoints have addresses of their own, so that
sharing and budgets of probes have nothing to save. The web server answers the least that HTTP allows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any

import uvloop

from bench.report import table
from bench.system import System, system
from common.ports import free_port

FIRST = int(IPv4Address("127.64.0.1"))
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
BACKLOG = 4096
START_S = 180.0
LOOK_EVERY_S = 2.0
SETTLE_S = 30.0
"""After the first verdicts, which edges have to be told of: what goes on for ever is measured."""
PROMISED_MS = 100
HEADINGS = (
    "endpoints",
    "vantages",
    "interval s",
    "probes/s due",
    "probes/s",
    "workers' cores",
    "all cores",
    "late p99 ms",
    "at worst",
)

DECLARE = """
import json, sys
import django
django.setup()
from ipaddress import IPv4Address
from accounts.models import Team
from healthchecks.models import Check
from healthchecks.services import assign
from regions.models import Endpoint, Region
endpoints, vantages, interval_ms, port, first = json.loads(sys.argv[1])
team = Team.objects.first()
regions = [Region(team=team, name=f"r{n}", latitude=10 * n, longitude=10 * n, is_vantage=True) for n in range(vantages)]
Region.objects.bulk_create(regions)
rows = [
    Endpoint(team=team, name=f"e{n}", region=regions[n % vantages], ipv4=str(IPv4Address(first + n)), port=port)
    for n in range(endpoints)
]
Endpoint.objects.bulk_create(rows, batch_size=1000)
check = Check.objects.create(team=team, name="all", kind="http", interval_ms=interval_ms, timeout_ms=2000)
assign(check, rows)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="What probing a large fleet costs.")
    parser.add_argument("--endpoints", type=int, default=10_000)
    parser.add_argument("--vantages", type=int, default=3)
    parser.add_argument("--interval", type=float, default=5.0, help="in seconds")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long is measured")
    options = parser.parse_args(arguments)
    with origins() as (port, counter), system({"TRAFFICMGR_PROBE_PRIVATE": "1"}) as running:
        declare(running, options.endpoints, options.vantages, int(options.interval * 1000), port)
        cells = measure(running, counter, options)
    print(table(HEADINGS, [cells]))
    return 0


def declare(running: System, *numbers: int) -> None:
    """Regions, endpoints and a check, as rows of the installation's own models."""
    variables = {"DJANGO_SETTINGS_MODULE": "trafficmgr.settings", "TRAFFICMGR_HOME": str(running.home)}
    command = [sys.executable, "-c", DECLARE, json.dumps([*numbers, FIRST])]
    subprocess.run(command, check=True, env=os.environ | variables)


def measure(running: System, counter: Connection, options: argparse.Namespace) -> tuple[str, ...]:
    """A row of the table, once all vantages probe."""
    _await_all(running, options)
    time.sleep(SETTLE_S)
    workers = [pid for pid in running.running.pids() if b"--region" in _arguments(pid)]
    before, asked = (_processor_s(workers), running.running.processor_s()), _count(counter)
    started, late, worst = time.perf_counter(), list[int](), 0
    while (taken_s := time.perf_counter() - started) < options.seconds:
        time.sleep(1.0)
        vantages = _vantages(running)
        late += [vantage["lag_p99_ms"] for vantage in vantages]
        worst = max(worst, *(vantage["lag_ms"] for vantage in vantages))
    of_workers, of_all = _processor_s(workers) - before[0], running.running.processor_s() - before[1]
    due = options.endpoints * options.vantages / options.interval
    return (
        f"{options.endpoints:,}",
        f"{options.vantages}",
        f"{options.interval:g}",
        f"{due:,.0f}",
        f"{(_count(counter) - asked) / taken_s:,.0f}",
        f"{of_workers / taken_s:.2f}",
        f"{of_all / taken_s:.2f}",
        f"{median(late):.0f}; ≤ {PROMISED_MS} in {sum(one <= PROMISED_MS for one in late) / len(late):.0%} of seconds",
        f"{worst}",
    )


def _await_all(running: System, options: argparse.Namespace) -> None:
    """Until every vantage says that it probes every endpoint, and there is a verdict on each."""
    _await(running, lambda: _probed(running) == [options.endpoints] * options.vantages, "not all vantages probe")
    _await(running, lambda: _up(running) == options.endpoints, "not all endpoints are up")


def _probed(running: System) -> list[int]:
    return [vantage["targets"] for vantage in _vantages(running)]


def _up(running: System) -> int:
    return int(_called(running, "status")["health"].get("up", 0))


def _await(running: System, happened: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + START_S
    while not happened():
        if time.monotonic() > deadline:
            raise SystemExit(f"{otherwise} after {START_S:.0f} s: the logs in {running.home} say why")
        time.sleep(LOOK_EVERY_S)


@contextmanager
def origins() -> Iterator[tuple[int, Connection]]:
    """A web server in a process of its own: its port, and who to ask how often it was probed."""
    port, (here, there) = free_port(), multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(port, there), daemon=True)
    process.start()
    try:
        yield port, here
    finally:
        process.terminate()
        process.join()


class _Origin(asyncio.Protocol):
    probes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, _octets: bytes) -> None:
        _Origin.probes += 1
        self._transport.write(ANSWER)  # type: ignore[attr-defined]  # of a stream
        self._transport.close()


def _serve(port: int, questions: Connection) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(questions.fileno(), _tell, questions)
        async with await loop.create_server(_Origin, sock=_on_loopback(port), backlog=BACKLOG) as server:
            await server.serve_forever()

    uvloop.run(serve())


def _tell(questions: Connection) -> None:
    questions.recv()
    questions.send(_Origin.probes)


def _on_loopback(port: int) -> socket.socket:
    """Takes connections to any address of that interface, and of no other."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    listening.bind(("", port))
    return listening


def _count(counter: Connection) -> int:
    counter.send(None)
    return int(counter.recv())


def _vantages(running: System) -> list[dict[str, Any]]:
    found = _called(running, "vantages")
    return list(found["results"] if isinstance(found, dict) else found)


def _called(running: System, path: str) -> Any:
    request = urllib.request.Request(
        f"{running.web}/api/v1/{path}", headers={"Authorization": f"Token {running.token}"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def _arguments(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _processor_s(pids: Sequence[int]) -> float:
    tasks = (task for pid in pids for task in Path(f"/proc/{pid}/task").glob("*/schedstat"))
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


if __name__ == "__main__":
    raise SystemExit(main())
