"""`python -m bench.replay`: how long a replay takes (docs/simulation.md).

Twenty endpoints in five regions, a policy of `healthy`, `geo`, `load`, `latency` and `weighted` and one without `geo`;
half of the clients have rows in the latency map, every endpoint says how loaded it is, and every country asks.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import numpy as np

import responder
from bench.dataset import ORIGIN, REGIONS, RULES, SteeredName, Zone
from bench.report import table
from bench.worlds import zone_chunk
from latency.model import Model
from latency.table import Cells, Groups, MapMessage, encoded
from snapshots.geo_files import SHIPPED
from telemetry.clients import sampled_clients

NAME = f"www.{ORIGIN}"
PER_REGION = 4
NOW_S = 1_795_248_000
HEADINGS = ("clients", "map rows", "processor s", "moved", "ms before", "ms after")
UNSAID: dict[str, Any] = dict.fromkeys(("weight", "priority", "bias", "cost"))
REST: list[dict[str, Any]] = [
    {"kind": "load", "low": 0.5, "high": 0.9},
    {"kind": "latency", "within_ms": 20},
    {"kind": "weighted"},
]


def worlds() -> tuple[responder.Snapshot, responder.Snapshot]:
    """One that goes by countries first, and the same without."""
    by_name = {region.name: number for number, region in enumerate(REGIONS, start=1)}
    rules = [{"location": place, "regions": [by_name[region]]} for place, region in RULES.items()]
    healthy: dict[str, Any] = {"kind": "healthy"}
    geo = {"kind": "geo", "rules": rules, "default": "all"}
    present = _opened([healthy, geo, *REST])
    return present, _opened([healthy, *REST])


def latency_map(clients: Sequence[str]) -> responder.LatencyMap:
    """With a row for every second of the clients."""
    octets = [client.split(".") for client in clients[::2]]
    keys = np.unique([(int(a) << 16) + (int(b) << 8) + int(c) for a, b, c, _rest in octets])
    chance = np.random.default_rng(7871)
    rtt_ms = chance.uniform(10.0, 250.0, (len(keys), len(REGIONS)))
    none, model = np.empty(0, dtype=np.int64), Model()
    nothing = np.empty((0, len(REGIONS)))
    cells = Cells(keys, none, np.full(len(keys), 9.0), rtt_ms, np.full(rtt_ms.shape, 2.0), np.argsort(rtt_ms, axis=1))
    groups = Groups(none, none, np.empty(0), nothing, nothing)
    regions = tuple(range(1, len(REGIONS) + 1))
    message = MapMessage(1, 0, NOW_S, model.base_ms, model.slope_ms_per_km, 0.25, regions, groups, cells)
    return responder.LatencyMap().apply(encoded(message))


def measured(count: int) -> tuple[str, ...]:
    """A line of the table, for so many clients."""
    clients = list(sampled_clients(count))
    present, proposed = worlds()
    latency = latency_map(clients)
    ids = range(1, len(REGIONS) * PER_REGION + 1)
    health = responder.Health(
        1, [(number, 4, "up") for number in ids], [(number, 0.04 * number, NOW_S, 60) for number in ids]
    )
    countries = {country: 1 + number for number, (country, *_) in enumerate(responder.countries())}
    begun = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    replay = responder.replay(
        present, proposed, health, NAME, "A", clients, countries=countries, latency=latency, now_s=NOW_S
    )
    took_s = resource.getrusage(resource.RUSAGE_SELF).ru_utime - begun
    moved = sum(share for _country, source, target, share in replay["moves"] if source != target)
    compared = replay["latency"]
    trips = [compared["before"], compared["after"]] if compared else []
    ms = [f"{trip['mean_ms']:.1f}" for trip in trips] or ["-", "-"]
    return f"{count:,}", f"{latency.rows:,}", f"{took_s:.2f}", f"{100 * moved:.1f} %", *ms


def _opened(steps: list[dict[str, Any]]) -> responder.Snapshot:
    zone = zone_chunk(Zone(ORIGIN, 1), (SteeredName("www", ()),))
    chunks = [_policies(steps), zone, SHIPPED.read_bytes()]
    by_digest = {sha256(chunk).hexdigest(): chunk for chunk in chunks}
    policies, zone_digest, country = by_digest
    manifest = {"format": 1, "generation": 1, "created": "2026-11-21T08:00:00Z"}
    manifest |= {"zones": {ORIGIN: zone_digest}, "policies": policies, "geo": {"country": country}}
    return responder.Snapshot.open(responder.Manifest(_canonical(manifest)), by_digest)


def _policies(steps: list[dict[str, Any]]) -> bytes:
    ids = range(1, len(REGIONS) * PER_REGION + 1)
    endpoints = [
        {"id": id_, "name": f"e{id_}", "region": 1 + id_ % len(REGIONS), "ipv4": f"203.0.113.{id_}", "ipv6": None}
        | UNSAID
        | {"hostname": None, "capacity": None, "labels": {}, "admin_state": "enabled", "checked": True}
        for id_ in ids
    ]
    policy = {"id": 1, "name": "www", "salt": "salt", "ttl": 30, "ttl_min": 5, "ecs": "always"}
    regions = [
        {"id": number, "name": region.name, "latitude": region.latitude, "longitude": region.longitude}
        for number, region in enumerate(REGIONS, start=1)
    ]
    members = [{"endpoint": id_} | UNSAID for id_ in ids]
    return _canonical(
        {
            "format": 1,
            "regions": regions,
            "endpoints": endpoints,
            "pools": [{"id": 1, "name": "all", "members": members} | UNSAID],
            "policies": [policy | {"pools": [1], "steps": steps}],
            "flattened": {},
        }
    )


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.replay", description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=[100_000, 1_000_000])
    options = parser.parse_args(arguments)
    print(table(HEADINGS, [measured(count) for count in options.clients]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
