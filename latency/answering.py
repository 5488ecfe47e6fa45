"""A world of one name, answered by the responder itself: what it is asked for is where each client is sent.

regions ─► snapshot: one endpoint each, one policy ─┐
orders and estimates ─► map messages ─► LatencyMap ─┴─► responder.choose ─► region, explored
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Sequence

import numpy as np

from latency.arrays import Flags, Floats, Indices
from latency.model import Model
from latency.population import Region
from latency.table import Cells, Groups, MapMessage, encoded
from responder import Health, LatencyMap, Manifest, Snapshot, choose

NAME = "learn.test."
POLICY_ID = 1
TTL_S = 30
FIRST_PREFIX = 1 << 16  # 1.0.0.0/24
MOST_CLIENTS = (1 << 24) - FIRST_PREFIX
NO_GROUPS = np.empty(0, dtype=np.int64)
TYPE_A, TYPE_NS, TYPE_SOA = 1, 2, 6
STATIC, STEERED = 0, 1


class Answering:
    """Clients and regions by number; every client has a /24 of its own, and every region one endpoint."""

    def __init__(self, regions: Sequence[Region], explored_share: float, salt: str, caution: float) -> None:
        self._snapshot = snapshot_of(regions, explored_share, salt)
        self._ids = tuple(range(1, len(regions) + 1))
        self._caution = caution
        self._map = LatencyMap()
        self._health = Health()

    def publish(self, clients: Indices, estimates: tuple[Floats, Floats], orders: Indices, t_s: float) -> None:
        """Has `clients` (C,), rising, served in `orders` (C, R); `estimates`: round trips and errors, each (C, R)."""
        rtt_ms, error_ms = estimates
        cells = Cells(FIRST_PREFIX + clients, NO_GROUPS, np.zeros(len(clients)), rtt_ms, error_ms, orders)
        none = np.empty((0, len(self._ids)))
        groups = Groups(NO_GROUPS, NO_GROUPS, np.empty(0), none, none)
        model, before = Model(), self._map.sequence
        message = MapMessage(
            before + 1, before, int(t_s), model.base_ms, model.slope_ms_per_km, self._caution, self._ids, groups, cells
        )
        self._map = self._map.apply(encoded(message))

    def load(self, utilisation: Floats, max_age_s: float, t_s: float) -> None:
        """Tells how full regions (R,) are, NaN if unknown: nobody explores a full one."""
        known = [
            (id_, float(share), int(t_s), int(max_age_s))
            for id_, share in zip(self._ids, utilisation, strict=True)
            if not np.isnan(share)
        ]
        self._health = Health(self._health.sequence + 1, (), known)

    def ask(self, clients: Indices, t_s: float) -> tuple[Indices, Flags]:
        """Where the responder sends each of `clients`, and who of them explores, each (C,)."""
        prefixes = [prefix_of(number) for number in clients.tolist()]
        answers = choose(self._snapshot, self._health, NAME, "A", prefixes, latency=self._map, now_s=int(t_s))
        endpoints, explored = zip(*answers, strict=True)
        return np.array(endpoints, dtype=np.int64) - 1, np.array(explored, dtype=np.bool_)


def prefix_of(number: int) -> str:
    """The /24 of a client."""
    key = FIRST_PREFIX + number
    return f"{key >> 16}.{key >> 8 & 255}.{key & 255}.0/24"


def snapshot_of(regions: Sequence[Region], explored_share: float, salt: str) -> Snapshot:
    """The world. Region n has the id n + 1, and so has its endpoint."""
    chunks = {}
    for chunk in (_policies(regions, explored_share, salt), _zone()):
        chunks[hashlib.sha256(chunk).hexdigest()] = chunk
    policies, zone = chunks
    manifest = {
        "created": "1970-01-01T00:00:00Z",
        "format": 1,
        "generation": 1,
        "geo": {},
        "policies": policies,
        "zones": {NAME: zone},
    }
    return Snapshot.open(Manifest(_canonical(manifest)), chunks)


def _policies(regions: Sequence[Region], explored_share: float, salt: str) -> bytes:
    ids = range(1, len(regions) + 1)
    unsaid = dict.fromkeys(("weight", "priority", "bias", "cost"))
    places = [
        {"id": id_, "name": str(id_), "latitude": region.latitude or 0.0, "longitude": region.longitude or 0.0}
        for id_, region in zip(ids, regions, strict=True)
    ]
    endpoints = [
        {"id": id_, "name": str(id_), "region": id_, "ipv4": f"192.0.{id_ // 256}.{id_ % 256}", "ipv6": None}
        | unsaid
        | {"hostname": None, "capacity": None, "labels": {}, "admin_state": "enabled", "checked": False}
        for id_ in ids
    ]
    steps = [{"kind": "latency"}, {"kind": "explore", "percent": 100 * explored_share}]
    policy = {"id": POLICY_ID, "name": "learn", "salt": salt, "ttl": TTL_S, "ttl_min": TTL_S, "ecs": "always"}
    pool = {"id": 1, "name": "all"} | unsaid
    return _canonical(
        {
            "format": 1,
            "regions": places,
            "endpoints": endpoints,
            "pools": [pool | {"members": [{"endpoint": id_} | unsaid for id_ in ids]}],
            "policies": [policy | {"pools": [1], "steps": steps}],
            "flattened": {},
        }
    )


def _zone() -> bytes:
    """The zone chunk of docs/snapshot-format.md."""
    name = b"".join(bytes([len(label)]) + label.encode() for label in NAME.split("."))
    soa = name + name + struct.pack(">5I", 1, 3600, 600, 86400, 60)
    entries = [
        _entry(name, TYPE_A, struct.pack(">BI", STEERED, POLICY_ID)),
        _entry(name, TYPE_NS, struct.pack(">BHH", STATIC, 1, len(name)) + name),
        _entry(name, TYPE_SOA, struct.pack(">BHH", STATIC, 1, len(soa)) + soa),
    ]
    return b"TMZ1" + name + struct.pack(">I", len(entries)) + b"".join(entries)


def _entry(owner: bytes, type_: int, rest: bytes) -> bytes:
    return owner + struct.pack(">HI", type_, TTL_S) + rest


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
