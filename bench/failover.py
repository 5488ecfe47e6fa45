"""`python -m bench.failover`: from the last deciding probe of a dying endpoint to changed answers.

    web server of the endpoint ── 503 to a probe: time zero ──► worker ─► Postgres ─► web process ─► edges
    resolver ── asks each edge, over and over, until it answers with the other endpoint: the time of that edge

One machine: `trafficmgr up` with one vantage, whose first failed probe decides, and edges that are processes of their
own. Both ends of a time are seen by this process, by one clock.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from statistics import quantiles
from typing import Any, cast

from aiohttp import web

from bench.installation import Installation, running_installation
from bench.report import table
from bench.workloads import NOERROR, Query
from common.ports import free_port

PREFERRED, OTHER = "127.0.1.1", "127.0.2.1"
ORIGIN, NAME = "bench.test", "www.bench.test."
ASK_EVERY_S = 0.005
"""How finely edges are watched while their answers are about to change."""
SETTLED_S = 1.0
MOST_S = 120.0
HEADINGS = ("from the last deciding probe to", "p50 ms", "p90 ms", "p99 ms", "worst ms", "samples")


class NotInTimeError(Exception):
    """Something that is measured did not happen. The message says what."""


@dataclass
class Endpoint:
    """The preferred endpoint's web server. `failed_at`: when it first told a probe that it is not well."""

    is_well: bool = True
    failed_at: float = 0.0

    def fail(self) -> None:
        self.is_well, self.failed_at = False, 0.0

    def probed(self) -> bool:
        """Whether it is well, as a probe sees it now."""
        if not self.is_well:
            self.failed_at = self.failed_at or time.perf_counter()
        return self.is_well

    async def answer(self, _request: web.Request) -> web.Response:
        return web.Response(status=200 if self.probed() else 503)


@dataclass
class Watch(asyncio.DatagramProtocol):
    """Asks one edge. `answer`: the endpoint that it said last; `changed_at`: when that became another."""

    answer: str = ""
    changed_at: float = 0.0
    transport: asyncio.DatagramTransport | None = None
    query: bytes = field(default_factory=Query(NAME, None, NOERROR).to_wire)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        answer = next((host for host in (PREFERRED, OTHER) if IPv4Address(host).packed in data), "")
        if answer != self.answer:
            self.answer, self.changed_at = answer, time.perf_counter()

    def ask(self) -> None:
        if self.transport is not None:
            self.transport.sendto(self.query)


async def _well(_request: web.Request) -> web.Response:
    return web.Response(text="well")


@asynccontextmanager
async def _web_servers(endpoint: Endpoint, port: int) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for host, handler in ((PREFERRED, endpoint.answer), (OTHER, _well)):
            application = web.Application()
            application.router.add_get("/", handler)
            runner = web.AppRunner(application, access_log=None)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, host, port).start()
        yield


def declare(system: Installation, port: int) -> None:
    """Two endpoints, the one preferred to the other, and a check whose first failure decides."""
    system.put("regions/bench", {"latitude": 50.1, "longitude": 8.7})
    for name, address in (("preferred", PREFERRED), ("other", OTHER)):
        system.put(f"endpoints/{name}", {"region": "bench", "ipv4": address, "port": port})
    check = {"kind": "http", "interval_ms": 1000, "timeout_ms": 500, "rise": 1, "fall": 1}
    system.put("checks/web", check | {"endpoints": ["preferred", "other"]})
    members = [{"endpoint": "preferred", "priority": 0}, {"endpoint": "other", "priority": 1}]
    system.put("pools/web", {"members": members})
    steps = [{"kind": "healthy"}, {"kind": "priority"}, {"kind": "first", "count": 1}]
    system.put("policies/www", {"pools": ["web"], "steps": steps})
    system.post("zones", {"origin": ORIGIN, "nameservers": ["ns1.example.net."]})
    system.put(f"zones/{ORIGIN}/rrsets/www/A", {"policy": "www"})


async def measure(watches: Sequence[Watch], endpoint: Endpoint) -> list[float]:
    """Seconds from the deciding probe to the changed answer of each edge, and all as before again."""
    endpoint.fail()
    await _until_all_answer(watches, OTHER, ASK_EVERY_S)
    passed_s = [watch.changed_at - endpoint.failed_at for watch in watches]
    endpoint.is_well = True
    await _until_all_answer(watches, PREFERRED, ASK_EVERY_S * 10)
    await asyncio.sleep(SETTLED_S)
    return passed_s


async def _until_all_answer(watches: Sequence[Watch], answer: str, every_s: float) -> None:
    deadline = time.perf_counter() + MOST_S
    while any(watch.answer != answer for watch in watches):
        if time.perf_counter() > deadline:
            missing = sum(watch.answer != answer for watch in watches)
            raise NotInTimeError(f"{missing} of {len(watches)} edges do not answer {answer} within {MOST_S:.0f} s")
        for watch in watches:
            watch.ask()
        await asyncio.sleep(every_s)


async def _watch(addresses: Sequence[str]) -> list[Watch]:
    loop, watches = asyncio.get_running_loop(), []
    for address in addresses:
        host, _, port = address.rpartition(":")
        _transport, watch = await loop.create_datagram_endpoint(Watch, remote_addr=(host, int(port)))
        watches.append(watch)
    return watches


async def run(edges: int, rounds: int, directory: Path) -> list[list[float]]:
    """The times of each round, one an edge."""
    endpoint, port = Endpoint(), free_port()
    async with _web_servers(endpoint, port), running_installation(directory) as system:
        await asyncio.to_thread(declare, system, port)
        addresses = [await asyncio.to_thread(system.start_edge, number) for number in range(edges)]
        watches = await _watch(addresses)
        await _until_all_answer(watches, PREFERRED, ASK_EVERY_S * 10)
        await asyncio.sleep(SETTLED_S)
        return [await measure(watches, endpoint) for _ in range(rounds)]


def lines(times: Sequence[Sequence[float]]) -> list[tuple[str, ...]]:
    """The distribution over all edges, and that of the last edge of each round."""
    every = [passed_s for of_round in times for passed_s in of_round]
    return [_line("an edge's changed answer", every), _line("the last edge's", [max(of_round) for of_round in times])]


def _line(name: str, times_s: Sequence[float]) -> tuple[str, ...]:
    cuts = quantiles(times_s, n=100, method="inclusive") if len(times_s) > 1 else [times_s[0]] * 99
    said = (cuts[49], cuts[89], cuts[98], max(times_s))
    return (name, *(f"{value * 1000:.0f}" for value in said), str(len(times_s)))


def main() -> int:
    """Prints the distribution as a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.failover", description=__doc__.partition("\n")[0])
    parser.add_argument("--edges", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trafficmgr-failover-") as directory:
        Path(directory).chmod(0o711)  # embedded services of root run as another account
        times = asyncio.run(run(options.edges, options.rounds, Path(directory)))
    print(f"{options.edges} edges, {options.rounds} failures, {os.cpu_count()} cores\n")
    print(table(HEADINGS, lines(times)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
