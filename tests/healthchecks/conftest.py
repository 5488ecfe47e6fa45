"""A fixed cast: team acme with vantages eu, us and asia, endpoints fra-1 and iad-1, one check."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
import uvloop

from accounts.models import Team
from healthchecks.beliefs import VantageChange
from healthchecks.models import Check, Transition
from healthchecks.services import assign, record_vantage_changes
from healthchecks.state import State
from regions.models import Endpoint, Region
from tests.healthchecks.certificates import authority, trusted

__all__ = ["authority", "trusted"]


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], uvloop.Loop]]:
    """Probes run on the loop that the prober runs them on."""
    return {"uvloop": uvloop.new_event_loop}


NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(name="acme")


@pytest.fixture
def vantages(team: Team) -> dict[str, Region]:
    places = {"eu": (50.1, 8.7), "us": (39.0, -77.5), "asia": (1.4, 103.8)}
    return {
        name: Region.objects.create(team=team, name=name, latitude=latitude, longitude=longitude)
        for name, (latitude, longitude) in places.items()
    }


@pytest.fixture
def fra_1(team: Team, vantages: dict[str, Region]) -> Endpoint:
    return Endpoint.objects.create(team=team, name="fra-1", region=vantages["eu"], ipv4="127.0.1.1", port=8081)


@pytest.fixture
def iad_1(team: Team, vantages: dict[str, Region]) -> Endpoint:
    return Endpoint.objects.create(team=team, name="iad-1", region=vantages["us"], ipv4="127.0.2.1", port=8081)


@pytest.fixture
def check(team: Team, fra_1: Endpoint, iad_1: Endpoint) -> Check:
    """Watches fra-1 and iad-1."""
    check = Check.objects.create(team=team, name="web", kind="http", interval_ms=1000, timeout_ms=500)
    assign(check, [fra_1, iad_1], NOON)
    return check


Report = Callable[..., Sequence[Transition]]


@pytest.fixture
def report(vantages: dict[str, Region]) -> Report:
    """report(check, endpoint, eu="down", us="up"): those vantages have changed their minds."""

    def report(
        check: Check, endpoint: Endpoint, *, family: int = 4, cause: str = "seen", **beliefs: str
    ) -> Sequence[Transition]:
        assignment = check.assignments.get(endpoint=endpoint)
        changes = [
            VantageChange(assignment.id, family, vantages[name].id, State(state), cause, NOON)
            for name, state in beliefs.items()
        ]
        return record_vantage_changes(changes, NOON)

    return report
