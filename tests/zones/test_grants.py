"""Roles for single zones: they add to what someone may, or let in who is not in the team."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.actors import actor_of
from accounts.models import Membership, Team, User
from accounts.permissions import Action, Role, allowed
from zones.grant_models import ZoneGrant
from zones.grants import grant, with_grants, zones_granted
from zones.models import Zone
from zones.services import create_zone


@pytest.fixture
def zone(db):
    return create_zone(Team.objects.create(name="ops"), "ops.test.")


@pytest.fixture
def rivals(db):
    return Team.objects.create(name="rivals")


@pytest.fixture
def bob(rivals):
    """An operator of the rivals."""
    bob = User.objects.create_user("bob")
    Membership.objects.create(user=bob, team=rivals, role=Role.OPERATOR)
    return bob


def may(user: User, zone: Zone) -> set[str]:
    actor = with_grants(actor_of(user), user, [zone.pk])
    return {action.value for action in Action if allowed(actor, action, zone.team_id, zone.pk)}


def test_nobody_may_anything_with_a_zone_of_others(bob, zone):
    assert may(bob, zone) == set()
    assert not zones_granted(bob).exists()


def test_a_user_may_what_they_were_given(bob, zone):
    grant(zone, Role.PUBLISHER, user="bob")

    assert may(bob, zone) == {"view", "draft", "operate", "publish"}
    assert list(zones_granted(bob)) == [zone]


def test_a_member_of_a_team_may_what_the_team_was_given_as_far_as_their_own_role_goes(bob, zone):
    grant(zone, Role.ADMIN, team="rivals")

    assert may(bob, zone) == {"view", "draft", "operate"}


def test_what_a_user_and_their_team_were_given_adds_up(bob, zone):
    grant(zone, Role.ADMIN, team="rivals")
    grant(zone, Role.VIEWER, user="bob")

    assert may(bob, zone) == {"view", "draft", "operate"}


def test_a_grant_holds_for_its_zone_only(bob, zone):
    another = create_zone(zone.team, "another.test.")
    grant(zone, Role.ADMIN, user="bob")

    assert may(bob, another) == set()


@pytest.mark.parametrize(
    ("grantee", "field"),
    [({}, "user"), ({"user": "bob", "team": "rivals"}, "user"), ({"user": "x"}, "user"), ({"team": "x"}, "team")],
)
def test_a_grant_is_for_one_user_or_one_team_that_there_is(bob, zone, grantee, field):
    with pytest.raises(ValidationError) as refused:
        grant(zone, Role.VIEWER, **grantee)

    assert list(refused.value.message_dict) == [field]


def test_a_grant_is_given_once(bob, zone):
    grant(zone, Role.VIEWER, user="bob")

    with pytest.raises(ValidationError, match="have a role for this zone already"):
        grant(zone, Role.ADMIN, user="bob")


def test_the_database_refuses_a_grant_for_nobody(zone):
    with pytest.raises(IntegrityError, match="zonegrant_user_or_team"), transaction.atomic():
        ZoneGrant.objects.create(zone=zone, role=Role.VIEWER)
