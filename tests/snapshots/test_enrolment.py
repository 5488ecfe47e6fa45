"""Enrolment: one command makes a machine a node, once, and pins whose word it takes."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from django.conf import settings

from edge.enrolment import Admission, EnrolmentError, admitted
from edge.store import Store
from edge.trust.keeper import Kept
from regions.models import EdgeNode, Site
from regions.services import create_node_token
from snapshots import signing
from snapshots.enrolment import VALID, admit, invite
from snapshots.enrolment import EnrolmentError as Refused
from snapshots.models import Enrolment
from tests.edge.publisher import ELSEWHERE, Publisher

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


@pytest.fixture
def key(ops, tmp_path, monkeypatch):
    monkeypatch.setattr(settings.ENVIRONMENT, "keys", tmp_path / "keys")
    return signing.create_first_key(tmp_path / "keys", NOW)


@pytest.fixture
def node(ops):
    site = Site.objects.create(team=ops, name="ams", latitude=52.4, longitude=4.9)
    return EdgeNode(team=ops, site=site, name="ams-1")


@pytest.fixture(autouse=True)
def secret(node):
    """The token of the node before it is enrolled."""
    return create_node_token(node)


def enrol(client, token: str):
    return client.post("/edge/v1/enrol", json.dumps({"token": token}), content_type="application/json")


def manifest_status(client, token: str) -> int:
    return client.get("/edge/v1/trust", headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_token_enrols_once_and_ends_the_nodes_token_of_before(client, key, node, secret):
    invitation = invite(node, datetime.now(UTC))
    assert manifest_status(client, secret) == 200  # until the command is run

    answer = enrol(client, invitation.token)
    assert answer.status_code == 200
    assert manifest_status(client, secret) == 401
    assert manifest_status(client, answer.json()["token"]) == 200
    assert enrol(client, invitation.token).status_code == 403
    assert invitation.fingerprint == key.fingerprint


def test_a_token_expires(key, node):
    invitation = invite(node, NOW)

    with pytest.raises(Refused):
        admit(invitation.token, NOW + VALID)


def test_a_newer_invitation_ends_the_one_before(key, node):
    first, second = invite(node, NOW), invite(node, NOW)

    with pytest.raises(Refused):
        admit(first.token, NOW)
    assert admit(second.token, NOW).node == node


def test_the_token_is_nowhere_in_the_database(key, node):
    invitation = invite(node, NOW)

    assert invitation.token not in str(Enrolment.objects.values())


@pytest.mark.parametrize(("body", "status"), [("{}", 400), ('{"token": "none"}', 403), ("no json", 400)])
def test_what_is_no_token_gets_a_problem(client, key, body, status):
    answer = client.post("/edge/v1/enrol", body, content_type="application/json")

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_without_a_key_there_is_nothing_to_pin(ops, node):
    with pytest.raises(signing.SigningError, match="trafficmgr key create"):
        invite(node, NOW)


def admission(client, node) -> tuple[str, Admission]:
    invitation = invite(node, datetime.now(UTC))
    return invitation.fingerprint, Admission.model_validate_json(enrol(client, invitation.token).content)


def test_the_node_keeps_the_pin_and_who_it_is(client, key, node, tmp_path):
    pin, answer = admission(client, node)
    store = Store(tmp_path / "edge")
    admitted(answer, pin, store)

    kept = Kept.model_validate_json(store.trust() or b"")
    assert (kept.pin, kept.node, kept.site) == (key.fingerprint, "ams-1", "ams")


def test_another_key_than_the_pinned_one_enrols_nobody(client, key, node, tmp_path):
    _pin, answer = admission(client, node)
    store = Store(tmp_path / "edge")

    with pytest.raises(EnrolmentError, match="someone is in between"):
        admitted(answer, "0" * 64, store)
    assert store.trust() is None


def test_a_home_of_another_installation_is_left_alone(client, key, node, tmp_path):
    pin, answer = admission(client, node)
    store = Store(tmp_path / "edge")
    other = Publisher(ELSEWHERE)
    store.keep_trust(Kept(statement=other.statements[0]).model_dump_json().encode())

    with pytest.raises(EnrolmentError, match="use another TRAFFICMGR_HOME"):
        admitted(answer, pin, store)
