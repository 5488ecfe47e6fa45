"""`python -m bench.distribution`: from a write over REST to the edge that answers with it (docs/performance.md).

starts `trafficmgr up`, empty ─► declares the world ─► full compile ─► edge has it ─┬─► writes, one after the other
                                                                                    ├─► bursts of writes
                                                                                    ├─► an edge that was away since
                                                                                    └─► an edge from its disk alone

All of it runs on this machine: Postgres, broker, web, worker, beat, edge, and who asks. A write counts from when its
call has returned until a query over UDP is answered with it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from ipaddress import IPv4Address
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit

from bench.declared import DeclaredWorld
from bench.processes import ask, proportional_mb, used_s, with_children
from bench.report import table
from bench.system import System, system
from bench.workloads import NOERROR, Query
from common.ports import free_port

COMPILED_S, VISIBLE_S, STOP_S = 600.0, 60.0, 10.0
POLL_S = 0.001
FIRST_NEW_ADDRESS = int(IPv4Address("192.88.0.0"))
WRITE_HEADINGS = (
    "writes",
    "number",
    "returned p50 ms",
    "p99 ms",
    "answered p50 ms",
    "p99 ms",
    "most ms",
    "generations",
    "processor ms/write",
)
NOWHERE = "http://127.0.0.1:1"


@dataclass(frozen=True, slots=True)
class Write:
    """How long the call took, and how long from its return until the edge answered with it."""

    call_s: float
    visible_s: float


class Writer:
    """One client of the REST API, and one resolver."""

    def __init__(self, running: System, world: DeclaredWorld) -> None:
        self._headers = {"Authorization": f"Token {running.token}", "Content-Type": "application/json"}
        self._web = urlsplit(running.web).netloc
        self._port = running.dns_port
        self._world = world

    def generation(self) -> int:
        """The newest that is published; 0: none is."""
        newest = self._called("GET", "snapshots?limit=1")["results"]
        return int(newest[0]["generation"]) if newest else 0

    def write(self, zone: int, name: int, address: IPv4Address) -> Write:
        """Give a name another address, and wait until it is answered."""
        path = f"zones/{self._world.origin(zone)}/rrsets/{self._world.label(name)}/A"
        started = time.perf_counter()
        self._called("PUT", path, {"ttl": 60, "records": [str(address)]})
        returned = time.perf_counter()
        await_answer(self._port, self._world, zone, name, address.packed)
        return Write(returned - started, time.perf_counter() - returned)

    def _called(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        content = None if body is None else json.dumps(body)
        with closing(HTTPConnection(self._web, timeout=VISIBLE_S)) as connection:
            connection.request(method, f"/api/v1/{path}", content, self._headers)
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise SystemExit(f"{method} {path}: {answer}")
        return answer


def await_answer(
    port: int, world: DeclaredWorld, zone: int, name: int, octets: bytes, within_s: float = VISIBLE_S
) -> None:
    """Ask until the answer holds these octets."""
    query = Query(f"{world.label(name)}.{world.origin(zone)}", None, NOERROR)
    deadline = time.perf_counter() + within_s
    while time.perf_counter() < deadline:
        reply = ask(port, query, timeout_s=0.1)
        if reply is not None and octets in reply:
            return
        time.sleep(POLL_S)
    raise SystemExit(f"{query.name} is not answered with {octets.hex()} after {within_s:.0f} s")


def write_one_by_one(running: System, world: DeclaredWorld, number: int, seed: int) -> list[Write]:
    """Each to another zone, after a pause of no particular length."""
    random_, writer, writes = random.Random(seed), Writer(running, world), []
    for address in addresses(seed, number):
        time.sleep(random_.uniform(0.0, 0.3))
        writes.append(writer.write(random_.randrange(world.zones), random_.randrange(world.names), address))
    return writes


def write_at_once(running: System, world: DeclaredWorld, number: int, seed: int, clients: int) -> list[Write]:
    """As many as the API takes from so many clients, none of whom waits for answers."""
    places = random.Random(seed).sample(range(world.zones), min(number, world.zones))
    shares = [list(zip(places, addresses(seed, number), strict=False))[client::clients] for client in range(clients)]

    def client(share: list[tuple[int, IPv4Address]]) -> list[Write]:
        writer = Writer(running, world)
        return [writer.write(zone, 0, address) for zone, address in share]

    with ThreadPoolExecutor(clients) as clients_at_work:
        return [write for writes in clients_at_work.map(client, shares) for write in writes]


def addresses(seed: int, number: int) -> Iterator[IPv4Address]:
    """Such as no other seed gives, and no world has from the start."""
    return (IPv4Address(FIRST_NEW_ADDRESS + seed * 4096 + place) for place in range(number))


def write_cells(kind: str, writes: Sequence[Write], generations: int, taken_s: float) -> tuple[str, ...]:
    calls, visible = (
        quantiles(values, n=100) for values in zip(*((w.call_s, w.visible_s) for w in writes), strict=True)
    )
    times = (calls[49], calls[98], visible[49], visible[98], max(write.visible_s for write in writes))
    each_ms = 1000 * taken_s / len(writes)
    return (
        kind,
        f"{len(writes)}",
        *(f"{1000 * seconds:,.0f}" for seconds in times),
        f"{generations}",
        f"{each_ms:,.0f}",
    )


@contextmanager
def edge(home: Path, feed: str, token: str) -> Iterator[tuple[int, int]]:
    """Another edge, on the state directory `home`/edge. Gives its process and where it answers."""
    port = free_port()
    own = {"TRAFFICMGR_HOME": str(home), "TRAFFICMGR_DNS": f"127.0.0.1:{port}", "TRAFFICMGR_METRICS": ""}
    environment = {**os.environ, **own, "TRAFFICMGR_FEED": feed, "TRAFFICMGR_NODE_TOKEN": token}
    with (home / "edge.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "trafficmgr", "edge"], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield process.pid, port
        finally:
            process.terminate()
            process.wait(STOP_S)


def copied(home: Path, name: str) -> Path:
    """The edge's disk as it is now."""
    copy = home / name
    while True:
        try:
            shutil.copytree(home / "edge", copy / "edge", ignore=shutil.ignore_patterns("edge.lock", "edge.sock"))
        except shutil.Error:  # what is superfluous goes meanwhile
            shutil.rmtree(copy)
        else:
            return copy


def compile_world(running: System, world: DeclaredWorld) -> Iterator[tuple[str, ...]]:
    """Lines of the table: from nothing to an edge that answers."""
    writer, started = Writer(running, world), time.perf_counter()
    before = writer.generation()
    world.declare(running.database_url)
    declared = time.perf_counter()
    yield "declared in Postgres", f"{declared - started:.1f} s"
    while writer.generation() == before:
        if time.perf_counter() > declared + COMPILED_S:
            raise SystemExit("the world is not published: the log of the worker says why")
        time.sleep(0.05)
    published = time.perf_counter()
    yield "full compile, from commit to published", f"{published - declared:.1f} s"
    last, name = world.zones - 1, world.names - 1
    await_answer(running.dns_port, world, last, name, world.address(last, name).packed, within_s=COMPILED_S)
    yield "all of it to a new edge", f"{time.perf_counter() - published:.1f} s"


def memory(running: System) -> Iterator[tuple[str, ...]]:
    for part in ("edge", "web", "worker"):
        yield f"memory of {part}", f"{proportional_mb(with_children(running.pid_of(part))):,.0f} MB"


def start_from_disk(running: System, world: DeclaredWorld) -> tuple[str, ...]:
    """Of an edge whose feed is nowhere."""
    home = copied(running.home, "alone")
    started = time.perf_counter()
    with edge(home, NOWHERE, "none") as (pid, port):
        await_answer(port, world, 0, world.names - 1, world.address(0, world.names - 1).packed)
        wall_s, of_processor_s = time.perf_counter() - started, used_s([pid])
        return "edge, from its disk to the first answer", f"{wall_s:.2f} s ({of_processor_s:.2f} s of the processor)"


def catch_up(
    running: System, world: DeclaredWorld, away: Path, last: tuple[int, IPv4Address]
) -> Iterator[tuple[str, ...]]:
    """An edge that was away since `away` was copied starts again. `last`: a zone and what its first name has now."""
    chunks = away / "edge" / "chunks"
    before = set(chunks.iterdir())
    started = time.perf_counter()
    with edge(away, running.web, (running.home / "node.token").read_text().strip()) as (_pid, port):
        await_answer(port, world, last[0], 0, last[1].packed)
        took_s = time.perf_counter() - started
    fetched = set(chunks.iterdir()) - before
    size = sum(chunk.stat().st_size for chunk in fetched)
    yield "edge that was away, from its start to the newest", f"{took_s:.2f} s"
    yield "chunks it fetched", f"{len(fetched):,}, {size / 1000:,.0f} KB"


def tell(lines: Iterable[tuple[str, ...]]) -> None:
    print(table(("what", "measured"), list(lines)), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.distribution", description=__doc__)
    parser.add_argument("--zones", type=int, default=10_000)
    parser.add_argument("--record-sets", type=int, default=100, help="of a zone, at least 3")
    parser.add_argument("--writes", type=int, default=200)
    parser.add_argument("--burst", type=int, default=200, help="writes of a burst")
    parser.add_argument("--clients", type=int, default=8, help="that write a burst")
    options = parser.parse_args(arguments)
    world = DeclaredWorld(options.zones, options.record_sets)
    kinds: dict[str, Callable[[System], list[Write]]] = {
        "one by one": lambda running: write_one_by_one(running, world, options.writes, seed=1),
        f"by {options.clients} clients at once": lambda running: write_at_once(
            running, world, options.burst, seed=2, clients=options.clients
        ),
    }
    with system({}) as running:
        tell(compile_world(running, world))
        away, writer = copied(running.home, "away"), Writer(running, world)
        lines = []
        for kind, write in kinds.items():
            before, before_s = writer.generation(), used_s(running.running.pids())
            written, taken_s = write(running), used_s(running.running.pids()) - before_s
            lines.append(write_cells(kind, written, writer.generation() - before, taken_s))
        print(table(WRITE_HEADINGS, lines), flush=True)
        last = IPv4Address(FIRST_NEW_ADDRESS - 1)
        writer.write(0, 0, last)
        tell([*memory(running), start_from_disk(running, world), *catch_up(running, world, away, (0, last))])
    return 0


if __name__ == "__main__":
    sys.exit(main())
