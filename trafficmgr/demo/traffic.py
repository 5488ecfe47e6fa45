"""Visitors of the demo: a gentle stream of queries with client subnets from around the world.

Subnets are drawn evenly from the global IPv4 unicast space, so countries show up in proportion to their allocations.
Where the way is learned, half of them come again and again, and measure. The others never do: what is known of their
ways is what others of their country taught, so some of them are worth exploring.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import math
import random
import signal
import time

import dns.edns
import dns.message
import dns.rdatatype
import uvloop

from telemetry.clients import sampled_clients
from trafficmgr.demo import ORIGIN, VISITORS

MEAN_RATE_PER_S = 25.0
SWING = 0.5  # the rate breathes by this share, so that the charts have something to show
PERIOD_S = 600.0
LEARNED = f"learn.{ORIGIN}"
MEASURING = 0.5  # of those who ask for it
NAMES = {
    f"www.{ORIGIN}": 5,
    f"api.{ORIGIN}": 2,
    f"cdn.{ORIGIN}": 3,
    LEARNED: 4,
    f"blog.{ORIGIN}": 1,
    f"nothing.{ORIGIN}": 0.2,
}
FIRST_UNICAST, LAST_UNICAST = (int(ipaddress.IPv4Address(address)) for address in ("1.0.0.0", "223.255.255.0"))


def run_traffic(server: str) -> None:
    """Send queries to `server` (`address:port`) until SIGTERM or SIGINT."""
    uvloop.run(_send(server, random.Random()))  # noqa: S311 - visitors need no secrecy


def random_subnet(chance: random.Random) -> ipaddress.IPv4Network:
    """A /24 of the global unicast space."""
    while True:
        base = chance.randint(FIRST_UNICAST, LAST_UNICAST) & ~0xFF
        network = ipaddress.IPv4Network((base, 24))
        if network.is_global:
            return network


def visit(chance: random.Random) -> bytes:
    """One query in wire format."""
    name = chance.choices(list(NAMES), list(NAMES.values()))[0]
    measures = name == LEARNED and chance.random() < MEASURING
    network = chance.choice(sampled_clients(VISITORS)) if measures else str(random_subnet(chance))
    subnet = dns.edns.ECSOption(network.removesuffix("/24"), 24)
    query = dns.message.make_query(name, dns.rdatatype.A, use_edns=0, payload=1232, options=[subnet])
    return query.to_wire()


def rate_at(now_s: float) -> float:
    """Queries a second at a time of day."""
    return MEAN_RATE_PER_S * (1 + SWING * math.sin(2 * math.pi * now_s / PERIOD_S))


async def _send(server: str, chance: random.Random) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    host, _, port = server.rpartition(":")
    transport, _protocol = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=(host.strip("[]"), int(port))
    )
    try:
        while not stopped.is_set():
            transport.sendto(visit(chance))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), chance.expovariate(rate_at(time.time())))
    finally:
        transport.close()
