"""Promise: an endpoint that says it is full is spared within a second, and comes back when it says it is not (S5)."""

from __future__ import annotations

import pytest

from tests.scenarios.client import addresses, call, eventually

FIRST, SECOND = "127.0.1.1", "127.0.2.1"  # fra-1 and iad-1, first and second of the pool `failover`
LOAD = "/api/v1/endpoints/fra-1/load"


@pytest.fixture
def spared(system):
    """A name whose policy spares endpoints that are nearly full."""
    steps = [{"kind": "healthy"}, {"kind": "load"}, {"kind": "priority"}]
    assert call(system, "PUT", "/api/v1/policies/spared", {"pools": ["failover"], "steps": steps})[0] == 201
    assert call(system, "PUT", "/api/v1/zones/demo.test./rrsets/spared/A", {"policy": "spared"})[0] == 201
    eventually(lambda: addresses(system.dns, "spared.demo.test."), [FIRST].__eq__, what="the policy is served")
    yield "spared.demo.test."
    call(system, "DELETE", LOAD)
    call(system, "DELETE", "/api/v1/zones/demo.test./rrsets/spared/A")
    call(system, "DELETE", "/api/v1/policies/spared")


def test_an_endpoint_that_says_it_is_full_sends_its_clients_on_and_gets_them_back(system, spared):
    assert call(system, "PUT", LOAD, {"current": 990, "capacity": 1000, "max_age": 600})[0] == 200
    eventually(lambda: addresses(system.dns, spared), [SECOND].__eq__, what="clients leave the full endpoint")

    question = {"qname": spared, "qtype": "A", "client": "198.51.100.53"}
    policy = call(system, "POST", "/api/v1/explain", question)[1]["policies"][0]
    (step,) = [step for step in policy["steps"] if step["kind"] == "load"]
    (drop,) = step["dropped"]
    assert (drop["name"], drop["reason"].split(",")[0]) == ("fra-1", "load 0.99")
    assert drop["reason"].endswith("sheds all clients")
    assert {kept["why"] for kept in step["kept"]} == {"no load known"}
    eventually(lambda: _counted(system), {"fra-1", "iad-1"}.__eq__, what="both endpoints are counted")

    assert call(system, "PUT", LOAD, {"current": 10, "capacity": 1000, "max_age": 600})[0] == 200
    eventually(lambda: addresses(system.dns, spared), [FIRST].__eq__, what="its clients come back")


def _counted(system) -> set[str]:
    """Who was answered, as edges report it."""
    shares = call(system, "GET", "/api/v1/traffic?policy=spared")[1]
    return {share["endpoint"] for share in shares["totals"]}
