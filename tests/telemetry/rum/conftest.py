"""The cast: ops with its endpoints fra and iad, ada's token, and rivals with theirs."""

from __future__ import annotations

import time

import pytest

from accounts.models import Membership, Team, User
from accounts.services import create_token
from api.rum import token_key
from regions.models import Endpoint, Region
from telemetry.rum.token import LIFETIME_S, Token

PREFIX = "203.0.113.0"
VISITOR = "203.0.113.77"


def declare_endpoint(team: Team, name: str, address: str, **labels: str) -> Endpoint:
    region, _ = Region.objects.get_or_create(team=team, name="eu", defaults={"latitude": 50.1, "longitude": 8.7})
    return Endpoint.objects.create(team=team, name=name, region=region, ipv4=address, labels=labels)


@pytest.fixture
def ops(db):
    return Team.objects.create(name="ops")


@pytest.fixture
def rivals(db):
    return Team.objects.create(name="rivals")


@pytest.fixture
def fra(ops):
    return declare_endpoint(ops, "fra", "192.0.2.1", **{"rum-url": "https://fra.test/probe"})


@pytest.fixture
def iad(ops):
    return declare_endpoint(ops, "iad", "192.0.2.2", **{"rum-url": "https://iad.test/probe"})


@pytest.fixture
def secret(ops):
    ada = User.objects.create_user("ada")
    Membership.objects.create(user=ada, team=ops, role="admin")
    return create_token(ada, ops, "shop")[1]


@pytest.fixture
def application(client, secret):
    """Sends a body as an application of ops."""

    def send(body, **headers):
        return client.post(
            "/rum/v1/beacons",
            body,
            content_type="application/json",
            headers={"Authorization": f"Token {secret}"} | headers,
        )

    return send


@pytest.fixture
def visitor(client):
    """Sends a body as sendBeacon does, from the visitor's address."""

    def send(body, address=VISITOR, **headers):
        return client.post(
            "/rum/v1/beacons", body, content_type="text/plain;charset=UTF-8", REMOTE_ADDR=address, headers=headers
        )

    return send


@pytest.fixture
def token(fra, iad):
    """What /rum/v1/candidates would give the visitor."""
    return Token(int(time.time()) + LIFETIME_S, b"8 octets", (fra.pk, iad.pk)).signed(token_key(), PREFIX)


@pytest.fixture
def refused():
    """Asserts that an answer is a problem and returns it."""

    def problem_of(response, status):
        assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json"), (
            response.content
        )
        return response.json()

    return problem_of
