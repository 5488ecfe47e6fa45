"""Promise: who asks an edge over TCP is measured by the handshake, for the region that the edge's site says."""

from __future__ import annotations

import pytest

from tests.scenarios.client import ask, call, eventually

SITE = "/api/v1/sites/local"


@pytest.fixture
def beside_eu(system):
    """The local edge stands beside the endpoints of the region eu."""
    assert call(system, "PATCH", SITE, {"region": "eu"})[0] == 200
    yield system
    call(system, "PATCH", SITE, {"region": None})


def test_a_client_over_tcp_is_measured_and_one_on_this_machine_is_too_near_to_be_believed(beside_eu):
    before = _outliers(beside_eu)
    eventually(lambda: _outliers_after_asking(beside_eu), before.__lt__, what="its handshake is judged")


def _outliers_after_asking(system) -> int:
    assert ask(system.dns, "www.demo.test.", tcp=True).answer
    return _outliers(system)


def _outliers(system) -> int:
    return call(system, "GET", "/api/v1/measurements")[1]["refused"].get("outlier", 0)
