"""Our own form of a data set: chunks and manifest in the state directory of an edge (docs/snapshot-format.md)."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from bench.dataset import DEFAULT_REGION, REGIONS, STEERED_TTL_S, TTL_S, Dataset, SteeredName, Zone
from bench.latencies import latency_map
from edge.framed import LENGTH
from edge.store import Store
from responder import Manifest

TYPE_A, TYPE_NS, TYPE_SOA = 1, 2, 6
STATIC, STEERED = 0, 1
ENDPOINTS_PER_NAME = 100


def write_world(dataset: Dataset, home: Path) -> None:
    """Keep the data set in `home` as an edge keeps a generation it has received."""
    zones = {
        zone.origin: zone_chunk(zone, dataset.steered if index == 0 else ()) for index, zone in enumerate(dataset.zones)
    }
    policies = _canonical(_policies(dataset))
    geo = {"city" if dataset.by_distance else "country": dataset.geo.read_bytes()} if dataset.geo else {}
    manifest = {
        "format": 1,
        "generation": dataset.generation,
        "created": "2026-11-21T08:00:00Z",
        "zones": {origin: _digest(chunk) for origin, chunk in zones.items()},
        "policies": _digest(policies),
        "geo": {role: _digest(content) for role, content in geo.items()},
    }
    store = Store(home)
    chunks = {_digest(chunk): chunk for chunk in (*zones.values(), policies, *geo.values())}
    missing = {digest: chunk for digest, chunk in chunks.items() if not store.has(digest)}
    store.keep(Manifest(_canonical(manifest)), missing)
    store.keep_health(_health(dataset))
    if dataset.by_latency and dataset.geo:
        message = latency_map(dataset.geo)
        store.keep_latency(LENGTH.pack(len(message)) + message)


def zone_chunk(zone: Zone, steered: tuple[SteeredName, ...]) -> bytes:
    origin = name_wire(zone.origin)
    host = name_wire("ns." + zone.origin)
    soa = host + name_wire("host." + zone.origin) + struct.pack("!5I", zone.serial, 3600, 600, 86400, 60)
    entries = [_static(origin, TYPE_NS, host), _static(origin, TYPE_SOA, soa)]
    for label, address in zone.addresses():
        entries.append(_static(_label(label) + origin, TYPE_A, IPv4Address(address).packed))
    entries.append(_static(host, TYPE_A, IPv4Address("198.51.100.53").packed))
    for policy, name in enumerate(steered, start=1):
        entries.append(_label(name.label) + origin + struct.pack("!HIBI", TYPE_A, STEERED_TTL_S, STEERED, policy))
    return b"TMZ1" + origin + struct.pack("!I", len(entries)) + b"".join(entries)


def name_wire(name: str) -> bytes:
    return b"".join(_label(label) for label in name.rstrip(".").split(".")) + b"\0"


def _label(label: str) -> bytes:
    return bytes([len(label)]) + label.encode()


def _static(owner: bytes, type_: int, rdata: bytes) -> bytes:
    return owner + struct.pack("!HIBHH", type_, TTL_S, STATIC, 1, len(rdata)) + rdata


def _policies(dataset: Dataset) -> dict[str, Any]:
    ids = {region.name: number for number, region in enumerate(REGIONS, start=1)}
    numbered = list(enumerate(dataset.steered, start=1))
    return {
        "format": 1,
        "regions": [
            {"id": ids[region.name], "name": region.name, "latitude": region.latitude, "longitude": region.longitude}
            for region in REGIONS
        ],
        "endpoints": [endpoint for number, name in numbered for endpoint in _endpoints(number, name, ids)],
        "pools": [_pool(number, name) for number, name in numbered],
        "policies": [_policy(number, name, dataset, ids) for number, name in numbered],
        "flattened": {},
    }


def _endpoints(policy: int, name: SteeredName, ids: dict[str, int]) -> Iterator[dict[str, Any]]:
    for number, endpoint in enumerate(name.endpoints):
        id_ = policy * ENDPOINTS_PER_NAME + number
        yield {
            "id": id_, "name": f"e{id_}", "region": ids[endpoint.region],
            "ipv4": endpoint.address, "ipv6": None, "hostname": None,
            "weight": None, "priority": None, "bias": None, "capacity": None,
            "labels": {}, "admin_state": "enabled", "checked": True,
        }  # fmt: skip


def _pool(policy: int, name: SteeredName) -> dict[str, Any]:
    members = [
        {"endpoint": policy * ENDPOINTS_PER_NAME + number, "weight": endpoint.weight, "priority": None, "bias": None}
        for number, endpoint in enumerate(name.endpoints)
    ]
    return {"id": policy, "name": name.label, "weight": None, "priority": None, "bias": None, "members": members}


def _policy(number: int, name: SteeredName, dataset: Dataset, ids: dict[str, int]) -> dict[str, Any]:
    bypass = {"if_empty": {"action": "bypass"}}
    place: dict[str, Any] = {"kind": "distance", "within_km": 0, "bias": 0}
    if dataset.by_latency:
        place = {"kind": "latency", "within_ms": 0, "within_percent": 0}
    elif not dataset.by_distance:
        rules = [{"location": place, "regions": [ids[region]], "pools": []} for place, region in dataset.rules.items()]
        default = {"regions": [ids[DEFAULT_REGION]], "pools": []}
        place = {"kind": "geo", "rules": rules, "default": default} | bypass
    return {
        "id": number, "name": name.label, "salt": f"salt-{number}", "ttl": STEERED_TTL_S, "ttl_min": 5, "ecs": "always",
        "pools": [number], "steps": [{"kind": "healthy"} | bypass, place, {"kind": "weighted", "weight": 1}],
    }  # fmt: skip


def _health(dataset: Dataset) -> bytes:
    """All endpoints up, as an edge keeps it."""
    states = [
        [policy * ENDPOINTS_PER_NAME + number, 4, "up"]
        for policy, name in enumerate(dataset.steered, start=1)
        for number in range(len(name.endpoints))
    ]
    return _canonical({"sequence": 1, "full": True, "states": states})


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _digest(chunk: bytes) -> str:
    return hashlib.sha256(chunk).hexdigest()
