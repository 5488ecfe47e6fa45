"""The cast: the team ops with its member ada and her token, a region, two endpoints; and rivals, another team."""

from __future__ import annotations

import time

import pytest
from rest_framework.test import APIClient

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.services import create_token
from api.strangers import Strangers
from regions.models import Endpoint, Region


def member_of(team: Team, name: str, role: Role = Role.ADMIN) -> User:
    user = User.objects.create_user(name)
    Membership.objects.create(user=user, team=team, role=role)
    return user


def client_with(secret: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client


@pytest.fixture(autouse=True)
def seen_nobody(monkeypatch):
    """What other tests tried is not held against this one."""
    monkeypatch.setattr("api.authentication.strangers", Strangers(time.monotonic))


@pytest.fixture
def ops(db):
    return Team.objects.create(name="ops")


@pytest.fixture
def ada(ops):
    return member_of(ops, "ada")


@pytest.fixture
def api(ada, ops):
    """The API as ada's token sees it."""
    return client_with(create_token(ada, ops, "laptop")[1])


@pytest.fixture
def rivals(db):
    return Team.objects.create(name="rivals")


@pytest.fixture
def rival_api(rivals):
    return client_with(create_token(member_of(rivals, "bob"), rivals, "laptop")[1])


@pytest.fixture
def eu(ops):
    return Region.objects.create(team=ops, name="eu", latitude=50.1, longitude=8.7)


@pytest.fixture
def fra_1(ops, eu):
    return Endpoint.objects.create(team=ops, name="fra-1", region=eu, ipv4="192.0.2.1")


@pytest.fixture
def fra_2(ops, eu):
    return Endpoint.objects.create(team=ops, name="fra-2", region=eu, ipv4="192.0.2.2")


@pytest.fixture
def refused():
    """Asserts that an answer is a problem and returns it."""

    def problem_of(response, status):
        assert response.status_code == status, response.content
        assert response["Content-Type"] == "application/problem+json"
        problem = response.json()
        assert problem["status"] == status
        assert problem["title"]
        assert problem["detail"]
        return problem

    return problem_of


@pytest.fixture
def published(monkeypatch):
    """The requests to publish that were made."""
    requests: list[int] = []
    monkeypatch.setattr("documents.kind.request_publish", lambda: requests.append(1))
    return requests
