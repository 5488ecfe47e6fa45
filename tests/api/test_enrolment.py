"""Enrolment over REST: who owns a node gets what its machine needs, once there is a key to pin."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.conf import settings

from regions.models import EdgeNode, Site
from regions.services import create_node_token
from snapshots.enrolment import admit
from snapshots.signing import create_first_key

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


@pytest.fixture
def key(db, tmp_path, monkeypatch):
    monkeypatch.setattr(settings.ENVIRONMENT, "keys", tmp_path / "keys")
    return create_first_key(tmp_path / "keys", NOW)


@pytest.fixture
def ams(ops):
    return Site.objects.create(team=ops, name="ams", latitude=52.4, longitude=4.9)


@pytest.fixture(autouse=True)
def ams_1(ops, ams):
    create_node_token(EdgeNode(team=ops, site=ams, name="ams-1"))


@pytest.mark.django_db(transaction=True)
def test_an_invitation_is_good_for_one_admission(api, key):
    answer = api.post("/api/v1/nodes/ams-1/enrolment", {}, format="json")

    assert answer.status_code == 200
    assert answer.data["fingerprint"] == key.fingerprint
    assert admit(answer.data["token"], datetime.now(UTC)).node.name == "ams-1"


def test_a_node_is_declared_and_enrolled_by_its_name(api, key):
    assert api.put("/api/v1/nodes/ams-2", {"site": "ams"}, format="json").status_code == 201
    assert api.put("/api/v1/nodes/ams-2", {"site": "ams"}, format="json").status_code == 200
    assert api.post("/api/v1/nodes/ams-2/enrolment").status_code == 200


def test_another_teams_node_cannot_be_enrolled(rival_api, key):
    assert rival_api.post("/api/v1/nodes/ams-1/enrolment").status_code == 404


def test_without_a_key_it_is_said_what_to_do(api):
    answer = api.post("/api/v1/nodes/ams-1/enrolment", {}, format="json")

    assert answer.status_code == 400
    assert "trafficmgr key create" in answer.content.decode()
