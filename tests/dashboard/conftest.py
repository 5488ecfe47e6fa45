"""The cast: ada of the team ops, signed in; bob of the rivals; root, who sees all; carol in the demo's world."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from regions.models import Endpoint, Region
from snapshots.services import publish
from tests.keeping import Kept
from trafficmgr.demo.world import declare_demo


def member_of(team: Team, name: str, role: Role = Role.ADMIN) -> User:
    user = User.objects.create_user(name)
    Membership.objects.create(user=user, team=team, role=role)
    return user


def signed_in_as(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ops(db):
    return Team.objects.create(name="ops")


@pytest.fixture
def ada(ops):
    return member_of(ops, "ada")


@pytest.fixture
def adas_browser(ada):
    """A browser that ada has signed in with."""
    return signed_in_as(ada)


@pytest.fixture
def rivals(db):
    return Team.objects.create(name="rivals")


@pytest.fixture
def bobs_browser(rivals):
    return signed_in_as(member_of(rivals, "bob"))


@pytest.fixture
def roots_browser(db):
    return signed_in_as(User.objects.create_superuser("root"))


@pytest.fixture
def eu(ops):
    return Region.objects.create(team=ops, name="eu", latitude=50.1, longitude=8.7)


@pytest.fixture
def fra_1(ops, eu):
    return Endpoint.objects.create(team=ops, name="fra-1", region=eu, ipv4="192.0.2.1")


@pytest.fixture
def iad_1(ops, eu):
    return Endpoint.objects.create(team=ops, name="iad-1", region=eu, ipv4="192.0.2.2")


@pytest.fixture(scope="session")
def kept_demo():
    return Kept()


@pytest.fixture
def demo(transactional_db, kept_demo):
    """The demo's declarations, published. Yields their team."""
    kept_demo.put(published_demo)
    return Team.objects.get(name="default")


def published_demo() -> None:
    declare_demo(Team.objects.create(name="default"))
    publish(datetime.now(UTC))


@pytest.fixture
def carols_browser(demo):
    return signed_in_as(member_of(demo, "carol"))
