"""A shadow over REST: started, read and stopped by whoever may change the policy."""

from __future__ import annotations

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Membership, Team, User
from snapshots.services import publish
from steering.models import Shadow

GEO = {"kind": "geo", "rules": [], "default": {"regions": ["eu"]}}
URL = "/api/v1/policies/www/shadow"


def client_of(name: str, team: Team) -> APIClient:
    user = User.objects.create_user(name)
    Membership.objects.create(user=user, team=team, role="admin")
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def api(ops, world):
    return client_of("ada", ops)


def test_it_is_started_read_and_stopped(api):
    started = api.put(URL, {"steps": [GEO], "percent": 5, "lifetime": 3600})
    assert started.status_code == 200
    assert publish(timezone.now()) is not None
    read = api.get(URL).json()
    assert (read["policy"], read["pools"], read["percent"], read["ended"]) == ("www", ["web"], 5, False)
    assert read["steps"][0]["default"]["regions"] == ["eu"]
    assert (read["answers"], read["disagree"], read["moves"], read["countries"]) == (0, None, [], [])

    assert api.delete(URL).status_code == 204
    assert publish(timezone.now()) is not None
    assert (api.get(URL).status_code, api.delete(URL).status_code) == (404, 404)


def test_what_is_left_out_is_as_it_is(api):
    read = api.put(URL, {}).json()
    assert (read["pools"], [step["kind"] for step in read["steps"]], read["percent"]) == (["web"], ["healthy"], 1)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"steps": [{"kind": "geo"}]}, "steps.0.default"),
        ({"pools": ["none"]}, "pools.0"),
        ({"percent": 0}, "percent"),
        ({"percent": 101}, "percent"),
        ({"lifetime": 0}, "lifetime"),
        ({"lifetime": 10**7}, "lifetime"),
        ({"name": "www"}, "name"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_started(api, changed, field):
    response = api.put(URL, {"steps": [GEO]} | changed)
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert not Shadow.objects.exists()


def test_others_neither_see_nor_start_nor_stop_it(api):
    api.put(URL, {"steps": [GEO]})
    bobs = client_of("bob", Team.objects.create(name="rivals"))
    answers = [bobs.get(URL), bobs.put(URL, {}), bobs.delete(URL)]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert Shadow.objects.count() == 1
