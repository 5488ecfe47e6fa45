"""Scenarios share one running system."""

from __future__ import annotations

import pytest

from tests.running_system import RunningSystem


@pytest.fixture(scope="session")
def system(running_system: RunningSystem) -> RunningSystem:
    return running_system
