"""Scenarios share one running system, and begin once every demo endpoint is known to be up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.running_system import RunningSystem, demo_running
from tests.scenarios.client import call, eventually

DEMO_ENDPOINTS = 6


@pytest.fixture(scope="package")
def system() -> Iterator[RunningSystem]:
    with demo_running() as system:
        eventually(lambda: _up(system), DEMO_ENDPOINTS.__le__, what="the demo's endpoints are up")
        yield system


def _up(system: RunningSystem) -> int:
    return call(system, "GET", "/api/v1/status")[1]["health"]["up"]
