"""What is asked: queries prepared beforehand, each with what its reply must be like."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import cast

import maxminddb

from bench.dataset import ORIGIN, Dataset, static_names, steered_names
from bench.latencies import best_regions

NOERROR, NXDOMAIN = 0, 3
UDP_SIZE = 1232
UNMEASURED_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Query:
    """`subnet` None: the query carries no client subnet."""

    name: str
    subnet: str | None
    rcode: int

    def to_wire(self) -> bytes:
        labels = (bytes([len(label)]) + label.encode() for label in self.name.rstrip(".").split("."))
        question = b"".join(labels) + b"\0" + struct.pack("!HH", 1, 1)
        option = b""
        if self.subnet is not None:
            option = struct.pack("!HHHBB", 8, 7, 1, 24, 0) + IPv4Address(self.subnet).packed[:3]
        additional = struct.pack("!BHHIH", 0, 41, UDP_SIZE, 0, len(option)) + option
        return struct.pack("!6H", 0, 0, 1, 0, 0, 1) + question + additional

    def to_record(self) -> bytes:
        """As the load generator reads it."""
        wire = self.to_wire()
        return struct.pack("!HBB", len(wire), self.rcode, self.rcode == NOERROR) + wire


@dataclass(frozen=True, slots=True)
class Workload:
    name: str
    steers: bool
    is_city: bool = False
    is_learned: bool = False


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("static", steers=False),
        Workload("nxdomain", steers=False),
        Workload("steered", steers=True),
        Workload("steered-city", steers=True, is_city=True),
        Workload("steered-latency", steers=True, is_city=True, is_learned=True),
        Workload("mixed", steers=True),
    )
}


def dataset_of(workload: Workload, country: Path, city: Callable[[], Path]) -> Dataset:
    """What the servers hold for a workload. `city` makes the city database, which takes its time."""
    if not workload.steers:
        return Dataset(static_names())
    geo = city() if workload.is_city else country
    by_distance, by_latency = workload.is_city, workload.is_learned
    return Dataset(static_names(), steered_names(), geo, by_distance=by_distance, by_latency=by_latency)


def queries_of(workload: Workload, dataset: Dataset, count: int, seed: int = 3) -> list[Query]:
    """The same for every server and in every run."""
    chance = random.Random(seed)
    statics = [f"{label}.{ORIGIN}" for label, _ in dataset.zones[0].addresses()]
    steered = [f"{name.label}.{ORIGIN}" for name in dataset.steered]
    subnets = _subnets(dataset, dataset.geo, chance) if dataset.geo else iter(())

    def static() -> Query:
        return Query(chance.choice(statics), None, NOERROR)

    def missing() -> Query:
        return Query(f"x{chance.getrandbits(32):08x}.{ORIGIN}", None, NXDOMAIN)

    def steer() -> Query:
        return Query(chance.choice(steered), next(subnets), NOERROR)

    kinds = {
        "static": [static],
        "nxdomain": [missing],
        "steered": [steer],
        "steered-city": [steer],
        "steered-latency": [steer],
        "mixed": [static] * 5 + [missing] * 2 + [steer] * 3,
    }[workload.name]
    return [chance.choice(kinds)() for _ in range(count)]


def _subnets(dataset: Dataset, geo: Path, chance: random.Random) -> Iterator[str]:
    """Those that were measured, and one in ten that was not."""
    allocated = _allocated(geo, chance)
    if not dataset.by_latency:
        yield from allocated
    measured = list(best_regions(geo))
    while True:
        yield next(allocated) if chance.random() < UNMEASURED_SHARE else chance.choice(measured)


def _allocated(geo: Path, chance: random.Random) -> Iterator[str]:
    """Random /24 networks that are allocated, which is to say that the database knows their country."""
    with maxminddb.open_database(geo) as database:
        while True:
            network = str(IPv4Address(chance.getrandbits(24) << 8))
            record = cast("dict[str, object] | None", database.get(network))
            if record and "country" in record:
                yield network
