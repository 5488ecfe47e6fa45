"""The fixed cast: the team ops and its zone demo.test."""

import pytest

from accounts.models import Team
from zones.services import create_zone


@pytest.fixture
def ops(db):
    return Team.objects.create(name="ops")


@pytest.fixture
def zone(ops):
    return create_zone(ops, "demo.test.")
