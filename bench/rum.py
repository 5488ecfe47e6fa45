"""`python -m bench.rum`: how many beacons a second are counted, from HTTP to committed in Postgres (docs/rum.md).

starts `trafficmgr up`, empty ─► declares endpoints ─┬─► makes all batches ─► sends them ─► sends the first again
                                                     └─► visitors, each with two requests of their own

All runs on this machine, the sender included. A beacon counts as accepted when the server has acknowledged it, which it
does once it is committed; a batch that is sent again at the end must then count for nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from statistics import quantiles
from typing import Any

import aiohttp

from bench.report import table
from bench.system import System, system

FIRST_NETWORK = int(IPv4Address("11.0.0.0"))
ORIGIN = "bench.test"
NAME = f"www.{ORIGIN}"
PUBLISHED_TRIES = 300
PROXIES = {"TRAFFICMGR_TRUSTED_PROXIES": "127.0.0.0/8"}
"""So that visitors come from many networks."""
VISITOR_HEADINGS = ("visitors", "beacons", "visitors/s", "p50 ms", "p99 ms", "processor µs/visitor")
HEADINGS = ("beacons", "batch", "beacons/s", "p50 ms", "p99 ms", "processor µs/beacon", "windows")


@dataclass(frozen=True, slots=True)
class Load:
    """`networks` times `endpoints` are the cells that beacons are about, each as likely."""

    beacons: int
    batch: int
    connections: int
    networks: int
    endpoints: int
    visitors: int

    def client(self, random_: random.Random) -> IPv4Address:
        return IPv4Address(FIRST_NETWORK + 256 * random_.randrange(self.networks) + random_.randrange(256))

    def bodies(self, now_s: float, random_: random.Random) -> list[bytes]:
        """All batches as JSON lines, measured within the last ten seconds."""
        return [
            "\n".join(self._beacon(random_, now_s) for _ in range(self.batch)).encode()
            for _ in range(self.beacons // self.batch)
        ]

    def _beacon(self, random_: random.Random, now_s: float) -> str:
        return (
            f'{{"id":"{random_.getrandbits(128):032x}","client":"{self.client(random_)}",'
            f'"endpoint":"e{random_.randrange(self.endpoints)}","rtt_ms":{random_.lognormvariate(3.5, 0.6):.2f},'
            f'"measured_s":{now_s - 10 * random_.random():.3f}}}'
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """`waits_s`: how long each batch took from being sent to being acknowledged."""

    accepted: int
    wall_s: float
    processor_s: float
    waits_s: list[float]

    def cells(self, load: Load) -> tuple[str, ...]:
        percentiles = quantiles(self.waits_s, n=100)
        return (
            f"{self.accepted:,}",
            f"{load.batch:,}",
            f"{self.accepted / self.wall_s:,.0f}",
            f"{1000 * percentiles[49]:.0f}",
            f"{1000 * percentiles[98]:.0f}",
            f"{1e6 * self.processor_s / self.accepted:.1f}",
            f"{load.networks:,} x {load.endpoints}",
        )


@dataclass(frozen=True, slots=True)
class Visited:
    """`waits_s`: how long each visitor waited for both answers together."""

    visitors: int
    accepted: int
    wall_s: float
    processor_s: float
    waits_s: list[float]

    def cells(self) -> tuple[str, ...]:
        percentiles = quantiles(self.waits_s, n=100)
        return (
            f"{self.visitors:,}",
            f"{self.accepted:,}",
            f"{self.visitors / self.wall_s:,.0f}",
            f"{1000 * percentiles[49]:.0f}",
            f"{1000 * percentiles[98]:.0f}",
            f"{1e6 * self.processor_s / self.visitors:,.0f}",
        )


async def measure(system: System, load: Load, seed: int) -> Measured:
    async with system.session() as session:
        bodies = load.bodies(time.time(), random.Random(seed))
        waiting, waits_s, accepted = iter(bodies), list[float](), list[int]()

        async def send() -> None:
            for body in waiting:
                started = time.perf_counter()
                accepted.append((await _told(session, body))["accepted"])
                waits_s.append(time.perf_counter() - started)

        before_s, started = system.running.processor_s(), time.perf_counter()
        await asyncio.gather(*(send() for _ in range(load.connections)))
        wall_s, processor_s = time.perf_counter() - started, system.running.processor_s() - before_s
        again = await _told(session, bodies[0])
    if again["refused"] != {"duplicate": load.batch}:
        raise SystemExit(f"a batch that was sent again was counted: {again}")
    return Measured(sum(accepted), wall_s, processor_s, waits_s)


async def visit(system: System, load: Load, seed: int) -> Visited:
    """Visitors from the load's networks: each asks what to measure, and tells two measurements."""
    random_ = random.Random(seed)
    waiting, waits_s, accepted = iter(range(load.visitors)), list[float](), list[int]()
    async with aiohttp.ClientSession(system.web) as session:

        async def arrive() -> None:
            for _ in waiting:
                client = str(load.client(random_))
                started = time.perf_counter()
                asked = await _asked(session, client)
                beacons = [_signed(asked["token"], found["endpoint"]) for found in asked["candidates"]]
                accepted.append((await _told(session, json.dumps(beacons).encode(), client))["accepted"])
                waits_s.append(time.perf_counter() - started)

        before_s, started = system.running.processor_s(), time.perf_counter()
        await asyncio.gather(*(arrive() for _ in range(load.connections)))
        wall_s, processor_s = time.perf_counter() - started, system.running.processor_s() - before_s
    return Visited(load.visitors, sum(accepted), wall_s, processor_s, waits_s)


async def _asked(session: aiohttp.ClientSession, client: str) -> dict[str, Any]:
    headers = {"X-Forwarded-For": client}
    async with session.get("/rum/v1/candidates", params={"name": NAME}, headers=headers) as response:
        response.raise_for_status()
        asked: dict[str, Any] = await response.json()
        return asked


def _signed(token: str, endpoint_id: int) -> dict[str, Any]:
    return {"token": token, "endpoint": endpoint_id, "rtt_ms": 34.5, "age_ms": 12.5}


async def declare(system: System, load: Load) -> None:
    """A policy over all endpoints. Returns once NAME is answered by it."""
    async with system.session() as session:
        await _put(session, "regions/eu", {"latitude": 50.1, "longitude": 8.7, "is_vantage": False})
        names = [f"e{number}" for number in range(load.endpoints)]
        for number, name in enumerate(names):
            labels = {"rum-url": f"https://{name}.{ORIGIN}/"}
            await _put(
                session,
                f"endpoints/{name}",
                {"region": "eu", "ipv4": f"192.0.2.{number + 1}", "labels": labels, "checks": []},
            )
        await _put(session, "pools/web", {"members": [{"endpoint": name} for name in names]})
        await _put(session, "policies/www", {"pools": ["web"], "steps": [{"kind": "sticky"}]})
        async with session.post("/api/v1/zones", json={"origin": f"{ORIGIN}."}) as response:
            response.raise_for_status()
        await _put(session, f"zones/{ORIGIN}./rrsets/www/A", {"policy": "www"})
        for _ in range(PUBLISHED_TRIES):
            async with session.get("/rum/v1/candidates", params={"name": NAME}) as response:
                if response.ok:
                    return
            await asyncio.sleep(0.1)
    raise SystemExit(f"{NAME} is not published")


async def _put(session: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> None:
    async with session.put(f"/api/v1/{path}", json=body) as response:
        response.raise_for_status()


async def _told(session: aiohttp.ClientSession, body: bytes, client: str = "") -> dict[str, Any]:
    async with session.post("/rum/v1/beacons", data=body, headers={"X-Forwarded-For": client}) as response:
        response.raise_for_status()
        told: dict[str, Any] = await response.json()
        return told


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.rum", description=__doc__)
    parser.add_argument("--beacons", type=int, default=400_000)
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--networks", type=int, default=2000)
    parser.add_argument("--endpoints", type=int, default=20, help="at most 254")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--visitors", type=int, default=2000)
    options = vars(parser.parse_args(arguments))
    rounds = options.pop("rounds")
    load = Load(**options)
    with system(PROXIES) as running:
        asyncio.run(declare(running, load))
        batches = [asyncio.run(measure(running, load, seed)).cells(load) for seed in range(rounds)]
        visits = [asyncio.run(visit(running, load, seed)).cells() for seed in range(rounds)]
    print(table(HEADINGS, batches), table(VISITOR_HEADINGS, visits), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
