"""An explanation says that the capacity plan moves clients of the asker's network, and whether this one follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from accounts.models import Team
from latency.blobs import packed
from latency.capacity.members import GroupKeys
from latency.capacity.moves import Moves
from regions.models import Region
from simulation.capacity import add_capacity
from tests.latency.capacity.kept import keep_plan

NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)
FR = 256 * ord("F") + ord("R")


@pytest.fixture
def regions(db) -> list[Region]:
    team = Team.objects.create(name="ops")
    return [Region.objects.create(team=team, name=name, latitude=0, longitude=0) for name in ("eu", "us")]


@pytest.fixture
def plan(regions):
    """Moves 30 % of those of FR that prefer eu to us."""
    ids = np.array([region.pk for region in regions])
    keys = GroupKeys(np.array([FR]), np.array([0]), np.array([0]))
    moves = Moves.planned(keys, np.array([[0.7, 0.3]]), ids, ids)
    return keep_plan(NOW, [], [], moves=packed(moves.state()))


def explained(country: str | None, *kept: int) -> dict[str, Any]:
    candidates = [{"endpoint": 1, "region": "eu"}, {"endpoint": 2, "region": "us"}]
    steps = [
        {"kind": "healthy", "kept": [{"endpoint": endpoint} for endpoint in (1, 2)]},
        {"kind": "latency", "kept": [{"endpoint": endpoint} for endpoint in kept]},
    ]
    found = {"client": {"country": country, "asn": None}, "policies": [{"candidates": candidates, "steps": steps}]}
    add_capacity(found, NOW + timedelta(seconds=5))
    return found


def capacity_of(found: dict[str, Any]) -> list[dict[str, Any]] | None:
    healthy, latency = found["policies"][0]["steps"]
    assert "capacity" not in healthy
    return latency.get("capacity")


@pytest.mark.parametrize(("kept", "follows"), [((2, 1), True), ((1, 2), False), ((2,), False), ((), False)])
def test_the_move_and_whether_the_answer_follows_it_are_told(plan, kept, follows):
    assert capacity_of(explained("FR", *kept)) == [{"from": "eu", "to": "us", "share": 0.3, "follows": follows}]


@pytest.mark.parametrize("country", ["DE", None])
def test_of_others_nothing_is_told(plan, country):
    assert capacity_of(explained(country, 2, 1)) is None


def test_without_a_plan_nothing_is_told(regions):
    assert capacity_of(explained("FR", 2, 1)) is None
