"""Promise: a client gets the endpoint that serves it best, learned from what users experience, and is told why (S7)."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest

from tests.scenarios.client import addresses, call, eventually

CLIENT = "203.0.113.0/24"
REGIONS = {"127.0.1": "eu", "127.0.2": "us", "127.0.3": "asia"}
ENDPOINTS = {"eu": "fra-1", "us": "iad-1", "asia": "sin-1"}


@pytest.fixture
def learned(system):
    """A name whose policy goes by round trips."""
    steps = [{"kind": "healthy"}, {"kind": "latency"}]
    assert call(system, "PUT", "/api/v1/policies/learned", {"pools": ["everywhere"], "steps": steps})[0] == 201
    assert call(system, "PUT", "/api/v1/zones/demo.test./rrsets/learned/A", {"policy": "learned"})[0] == 201
    yield "learned.demo.test."
    call(system, "DELETE", "/api/v1/zones/demo.test./rrsets/learned/A")
    call(system, "DELETE", "/api/v1/policies/learned")


def test_a_client_is_sent_to_what_it_measured_to_be_nearest_and_away_when_that_becomes_slow(system, learned):
    measure(system, {"eu": 180.0, "us": 90.0, "asia": 25.0})
    eventually(lambda: region(system, learned), "asia".__eq__, what="the client is sent to what is nearest")

    told = eventually(
        lambda: explained(system, learned), lambda told: "by its prefix" in told["why"], what="it is told why"
    )
    assert told["name"].startswith("sin-")
    assert "measured" in told["why"]

    for _ in range(6):  # a change of the path is believed when several measurements in a row say so
        measure(system, {"asia": 400.0, "us": 90.0})
    eventually(lambda: region(system, learned), "us".__eq__, what="the client is sent to the next best")


def measure(system, rtts_ms: Mapping[str, float]) -> None:
    """One client measures each of the regions."""
    now_s = time.time()
    beacons = [
        {"id": f"{name}-{now_s}", "client": CLIENT, "endpoint": ENDPOINTS[name], "rtt_ms": rtt_ms, "measured_s": now_s}
        for name, rtt_ms in rtts_ms.items()
    ]
    status, told, _ = call(system, "POST", "/rum/v1/beacons", beacons)
    assert (status, told["accepted"]) == (200, len(beacons)), told


def explained(system, name: str) -> dict[str, str]:
    """What is said of the endpoint that the client is sent to."""
    question = {"qname": name, "qtype": "A", "client": "198.51.100.53", "ecs": CLIENT}
    told = call(system, "POST", "/api/v1/explain", question)[1]
    (step,) = [step for step in told["policies"][0]["steps"] if step["kind"] == "latency"]
    return step["kept"][0]


def region(system, name: str) -> str:
    found = addresses(system.dns, name, CLIENT)
    return REGIONS[found[0].rpartition(".")[0]] if found else ""
