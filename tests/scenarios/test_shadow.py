"""Promise: a proposed policy is tried on live queries, says what it would answer, and changes no answer."""

from __future__ import annotations

import pytest

from tests.scenarios.client import addresses, call, eventually

FIRST = "127.0.1.1"  # fra-1, first of the pool `failover`; iad-1 is the second
SHADOW = "/api/v1/policies/tried/shadow"


@pytest.fixture
def tried(system):
    """A name that fra-1 answers."""
    steps = [{"kind": "healthy"}, {"kind": "priority"}]
    assert call(system, "PUT", "/api/v1/policies/tried", {"pools": ["failover"], "steps": steps})[0] == 201
    assert call(system, "PUT", "/api/v1/zones/demo.test./rrsets/tried/A", {"policy": "tried"})[0] == 201
    eventually(lambda: addresses(system.dns, "tried.demo.test."), [FIRST].__eq__, what="the policy is served")
    yield "tried.demo.test."
    call(system, "DELETE", SHADOW)
    call(system, "DELETE", "/api/v1/zones/demo.test./rrsets/tried/A")
    call(system, "DELETE", "/api/v1/policies/tried")


def test_a_shadow_tells_what_it_would_answer_while_every_answer_stays(system, tried):
    steps = [{"kind": "geo", "rules": [], "default": {"regions": ["us"]}}]
    assert call(system, "PUT", SHADOW, {"steps": steps, "percent": 100})[0] == 200

    def asked_again():
        assert addresses(system.dns, tried) == [FIRST]
        return call(system, "GET", SHADOW)[1]

    shadow = eventually(asked_again, lambda shadow: shadow["answers"] > 0, what="the shadow is tried and told of")
    assert (shadow["disagree"], shadow["lost"]) == (1, 0)
    assert shadow["moves"] == [{"from": "fra-1", "to": "iad-1", "share": 1}]
    assert addresses(system.dns, tried) == [FIRST]
    assert call(system, "DELETE", SHADOW)[0] == 204
