"""Scenarios share one running system, and begin once every demo endpoint is known to be up."""

from __future__ import annotations

import pytest

from tests.running_system import RunningSystem
from tests.scenarios.client import call, eventually

DEMO_ENDPOINTS = 6


@pytest.fixture(scope="session")
def system(running_system: RunningSystem) -> RunningSystem:
    eventually(lambda: _up(running_system), DEMO_ENDPOINTS.__le__, what="the demo's endpoints are up")
    return running_system


def _up(system: RunningSystem) -> int:
    return call(system, "GET", "/api/v1/status")[1]["health"]["up"]
