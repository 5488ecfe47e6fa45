"""What the brake holds, over REST: told in the status, released with a reason."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import Membership, User
from accounts.permissions import Role, Scope
from accounts.services import create_token
from snapshots.models import BrakeRelease, Refusal
from tests.api.conftest import client_with, member_of
from zones.services import create_zone

URL = "/api/v1/refusals/release"


@pytest.fixture
def held(ops):
    create_zone(ops, "demo.test.", nameservers=["ns1.demo.test."])
    return Refusal.objects.create(part="zone demo.test.", reason="…", candidate="c", held="k", since=timezone.now())


def test_the_status_says_what_is_held_and_a_release_says_who_and_why(api, held):
    (told,) = api.get("/api/v1/status").json()["refusals"]
    assert (told["part"], told["is_held"]) == ("zone demo.test.", True)

    released = api.post(URL, {"part": "zone demo.test.", "reason": "sold"})
    assert released.status_code == 201, released.content
    assert released.json().items() >= {"part": "zone demo.test.", "reason": "sold", "author": "ada"}.items()
    assert BrakeRelease.objects.get().key == "k"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"part": "zone demo.test."}, "reason"),
        ({"part": "zone demo.test.", "reason": ""}, "reason"),
        ({"reason": "sold"}, "part"),
        ({"part": "zone demo.test.", "reason": "sold", "why": "x"}, "why"),
    ],
)
def test_what_is_missing_is_named(api, held, refused, body, field):
    assert refused(api.post(URL, body), 400)["errors"][0]["field"] == field
    assert not BrakeRelease.objects.exists()


def test_what_is_not_held_cannot_be_released(api, held, refused):
    Refusal.objects.update(held="")
    problem = refused(api.post(URL, {"part": "zone demo.test.", "reason": "sold"}), 400)

    assert problem["errors"][0]["field"] == "part"
    assert "not held by the brake" in problem["errors"][0]["message"]


def test_a_zone_of_others_is_theirs_to_release(rival_api, held, refused):
    refused(rival_api.post(URL, {"part": "zone demo.test.", "reason": "mine"}), 403)
    assert not BrakeRelease.objects.exists()


def test_a_token_of_one_team_releases_nothing_of_another_team_of_its_user(held, ops, rivals, refused):
    bob = member_of(rivals, "bob")
    Membership.objects.create(user=bob, team=ops, role=Role.PUBLISHER)
    root = User.objects.create_superuser("root")
    Refusal.objects.create(part="policies", reason="…", candidate="c", held="k", since=timezone.now())

    of_rivals = client_with(create_token(bob, rivals, "laptop")[1])
    to_publish = client_with(create_token(root, ops, "robot", scope=Scope.PUBLISH)[1])

    refused(of_rivals.post(URL, {"part": "zone demo.test.", "reason": "sold"}), 403)
    refused(to_publish.post(URL, {"part": "policies", "reason": "meant"}), 403)
    assert not BrakeRelease.objects.exists()
