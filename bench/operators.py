"""`python -m bench.operators`: many people at the desk at once while edges are connected, and what they wait for.

    an operator ── looks at a page ─► thinks ─► opens the row of a record ─► saves another address ─► thinks ─► …
    at the end: every edge is asked for the name of every operator, until it says what was saved last

Everyone has an account, a session and a zone of their own. What counts is the time from a click to the last octet of
the page; files that a browser keeps are not asked for again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from ipaddress import IPv4Address
from pathlib import Path
from statistics import quantiles
from typing import Any

import aiohttp

from bench.failover import NotInTimeError
from bench.installation import Installation, running_installation
from bench.processes import ask
from bench.report import table
from bench.workloads import NOERROR, Query
from common.addresses import split_address

HEADINGS = ("clicked", "number", "p50 ms", "p95 ms", "p99 ms", "worst ms")
FIRST_ADDRESS = int(IPv4Address("198.18.0.0"))
PAGES = (
    "/",
    "/health/",
    "/zones/",
    "/zones/{origin}/",
    "/endpoints/",
    "/explain/?qname=www.{origin}&qtype=A&client=192.0.2.77",
    "/snapshots/",
    "/fleet/",
)
ROW = "/zones/{origin}/records/row/?name=www&type=A"
OPEN, SAVE, ALL = "open a row", "save it", "all of them"
SHARE_OF_EDITS = 0.2
SEEN = re.compile(r'name="seen" value="([^"]*)"')
MOST_S = 60.0
ENDPOINTS = 50

ACCOUNTS = """
import json, sys
import django
django.setup()
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.backends.db import SessionStore
from accounts.models import Membership, Team
def session(user):
    store = SessionStore()
    store[SESSION_KEY], store[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store.save()
    return store.session_key
team, keys = Team.objects.first(), []
for number in range(int(sys.argv[1])):
    user = get_user_model().objects.create_user(f"operator-{number}")
    Membership.objects.create(user=user, team=team, role="publisher")
    keys.append(session(user))
print(json.dumps(keys))
"""

Clicks = dict[str, list[float]]
"""How many seconds each took, by what was clicked."""


@dataclass
class Operator:
    """`saved`: the address that the desk said it had last."""

    origin: str
    session: aiohttp.ClientSession
    chance: random.Random
    clicks: Clicks
    saved: IPv4Address | None = None

    async def work(self, until_s: float, think_s: float) -> None:
        """Click, with pauses of `think_s` on average."""
        await asyncio.sleep(self.chance.uniform(0.0, 2 * think_s))
        while time.monotonic() < until_s:
            if self.chance.random() < SHARE_OF_EDITS:
                await self._edit(think_s)
            else:
                page = self.chance.choice(PAGES)
                await self._click(page, "GET", page)
            await asyncio.sleep(self.chance.uniform(0.0, 2 * think_s))

    async def _edit(self, think_s: float) -> None:
        form = await self._click(OPEN, "GET", f"{ROW}&edit=1")
        seen = SEEN.search(form)
        await asyncio.sleep(self.chance.uniform(0.0, think_s))
        address = IPv4Address(FIRST_ADDRESS + self.chance.randrange(2**17))
        fields = {"name": "www", "type": "A", "ttl_s": "60", "rdatas": str(address)}
        await self._click(SAVE, "POST", ROW, fields | {"seen": unescape(seen[1]) if seen else ""})
        self.saved = address

    async def _click(self, name: str, method: str, path: str, fields: dict[str, str] | None = None) -> str:
        started = time.perf_counter()
        async with self.session.request(method, path.format(origin=self.origin), data=fields) as response:
            text = await response.text()
        self.clicks[name].append(time.perf_counter() - started)
        if response.status != 200:
            raise SystemExit(f"{method} {response.url}: {response.status}\n{text[:2000]}")
        return text


def declare(system: Installation, zones: Sequence[str]) -> None:
    """What there is to look at: a region, endpoints, a policy, and a zone for everyone."""
    system.put("regions/bench", {"latitude": 50.1, "longitude": 8.7, "is_vantage": True})
    names = [f"web-{number}" for number in range(ENDPOINTS)]
    for number, name in enumerate(names):
        system.put(f"endpoints/{name}", {"region": "bench", "ipv4": str(IPv4Address("192.0.2.0") + number)})
    system.put("pools/web", {"members": [{"endpoint": name} for name in names]})
    system.put("policies/www", {"pools": ["web"], "steps": [{"kind": "healthy"}, {"kind": "first", "count": 2}]})
    for origin in zones:
        system.post("zones", {"origin": origin, "nameservers": ["ns1.example.net."]})
        system.put(f"zones/{origin}/rrsets/www/A", {"ttl": 60, "records": ["192.0.2.1"]})


def sign_in(system: Installation, number: int) -> list[str]:
    """The keys of the sessions of so many new operators."""
    variables = system.variables() | {"DJANGO_SETTINGS_MODULE": "trafficmgr.settings"}
    command = [sys.executable, "-c", ACCOUNTS, str(number)]
    done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, check=True)
    keys: list[str] = json.loads(done.stdout.splitlines()[-1])
    return keys


def session_of(system: Installation, key: str) -> aiohttp.ClientSession:
    """A browser's, as far as the desk can tell."""
    token = "a" * 32
    cookies = {"sessionid": key, "csrftoken": token}
    headers = {"X-CSRFToken": token, "HX-Request": "true", "Origin": f"http://{system.web}"}
    return aiohttp.ClientSession(f"http://{system.web}", cookies=cookies, headers=headers)


def lost(addresses: Sequence[str], operators: Sequence[Operator]) -> int:
    """How many names some edge does not answer with what was saved last. Waits as long as it takes, within MOST_S."""
    deadline = time.monotonic() + MOST_S
    missing = [(split_address(address)[1], one) for address in addresses for one in operators if one.saved is not None]
    while missing and time.monotonic() < deadline:
        missing = [(port, one) for port, one in missing if not _says(port, one)]
    return len(missing)


def _says(port: int, operator: Operator) -> bool:
    reply = ask(port, Query(f"www.{operator.origin}", None, NOERROR), timeout_s=0.5)
    return reply is not None and operator.saved is not None and operator.saved.packed in reply


async def run(options: argparse.Namespace, directory: Path) -> tuple[Clicks, int, int]:
    """The clicks, how many answers of edges were looked at in the end, and how many of them were wrong."""
    clicks: Clicks = defaultdict(list)
    async with running_installation(directory) as system:
        zones = [f"zone-{number}.test." for number in range(options.operators)]
        await asyncio.to_thread(declare, system, zones)
        keys = await asyncio.to_thread(sign_in, system, len(zones))
        edges = [await asyncio.to_thread(system.start_edge, number) for number in range(options.edges)]
        await asyncio.to_thread(_await_edges, edges, zones[-1])
        operators = [
            Operator(origin, session_of(system, key), random.Random(origin), clicks)
            for origin, key in zip(zones, keys, strict=True)
        ]
        until_s = time.monotonic() + options.seconds
        try:
            await asyncio.gather(*(one.work(until_s, options.think) for one in operators))
        finally:
            for one in operators:
                await one.session.close()
        asked = len(edges) * sum(one.saved is not None for one in operators)
        return clicks, asked, await asyncio.to_thread(lost, edges, operators)


def _await_edges(addresses: Sequence[str], origin: str) -> None:
    deadline = time.monotonic() + MOST_S
    for address in addresses:
        while ask(split_address(address)[1], Query(f"www.{origin}", None, NOERROR), timeout_s=0.5) is None:
            if time.monotonic() > deadline:
                raise NotInTimeError(f"the edge at {address} does not answer within {MOST_S:.0f} s")


def lines(clicks: Clicks) -> list[tuple[str, ...]]:
    """The distribution of each kind of click, and of all."""
    every = [taken_s for of_kind in clicks.values() for taken_s in of_kind]
    return [_line(name, taken_s) for name, taken_s in [*sorted(clicks.items()), (ALL, every)]]


def _line(name: str, taken_s: Sequence[float]) -> tuple[str, ...]:
    cuts = quantiles(taken_s, n=100, method="inclusive") if len(taken_s) > 1 else [*taken_s] * 99
    said: tuple[Any, ...] = (cuts[49], cuts[94], cuts[98], max(taken_s))
    return (name, str(len(taken_s)), *(f"{value * 1000:.0f}" for value in said))


def main() -> int:
    """Prints the distributions as a table. 1: something that was saved is not answered."""
    parser = argparse.ArgumentParser(prog="python -m bench.operators", description=__doc__.partition("\n")[0])
    parser.add_argument("--operators", type=int, default=200)
    parser.add_argument("--edges", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--think", type=float, default=10.0, help="seconds between two clicks, on average")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="trafficmgr-operators-") as directory:
        Path(directory).chmod(0o711)  # embedded services of root run as another account
        clicks, asked, wrong = asyncio.run(run(options, Path(directory)))
    number = sum(map(len, clicks.values()))
    print(f"{options.operators} operators, {options.edges} edges, {number / options.seconds:.0f} clicks/s", end="")
    print(f", {os.cpu_count()} cores\n\n{table(HEADINGS, lines(clicks))}\n")
    print(f"{asked:,} answers of edges to what was saved last: {wrong} wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
