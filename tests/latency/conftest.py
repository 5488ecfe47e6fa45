"""The cast of what learns over a database: the team ops, and its endpoints in paris and tokyo."""

from __future__ import annotations

import pytest

from accounts.models import Team
from latency.history import memory
from tests.latency.test_turns import endpoint_of


@pytest.fixture(autouse=True)
def _nothing_learned():
    memory.drop()


@pytest.fixture
def ops(transactional_db):
    return Team.objects.create(name="ops")


@pytest.fixture
def paris(ops):
    return endpoint_of(ops, "paris", 48.9, 2.4)


@pytest.fixture
def tokyo(ops):
    return endpoint_of(ops, "tokyo", 35.7, 139.7)
