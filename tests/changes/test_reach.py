"""Who was granted roles for single zones, and the changes that touch nothing else."""

from __future__ import annotations

import pytest

from accounts.actors import actor_of
from accounts.models import Team, User
from accounts.permissions import MAY, Action, Role
from changes.reach import actions_with, changes_granted
from changes.services import Proposed, open_change, put_edit
from tests.changes.conftest import mail
from zones.grants import grant
from zones.models import Zone
from zones.services import create_zone

POOL = Proposed("pools", "spare", {"name": "spare"})
OTHER = Proposed("rrsets", "other.test. mail A", {"name": "mail", "type": "A", "ttl": 60, "records": ["192.0.2.9"]})


@pytest.fixture
def guest(world, ops):
    """Someone in no team, who is an operator for demo.test. alone."""
    create_zone(ops, "other.test.")
    user = User.objects.create_user("guest")
    grant(Zone.objects.get(origin="demo.test."), Role.OPERATOR, user="guest")
    return user


def may(user, change):
    return actions_with(actor_of(user), user, change)


def test_a_change_of_that_zone_alone_is_seen_and_drafted(ops, ada, guest):
    change = open_change(ops, ada, "Move the mail", [mail("192.0.2.26")])

    assert list(changes_granted(guest)) == [change]
    assert may(guest, change) == MAY[Role.OPERATOR]


@pytest.mark.parametrize("further", [POOL, OTHER])
def test_a_change_that_touches_anything_else_is_not_there(ops, ada, guest, further):
    change = open_change(ops, ada, "Move the mail", [mail("192.0.2.26"), further])

    assert list(changes_granted(guest)) == []
    assert may(guest, change) == frozenset()


def test_an_empty_change_is_its_authors_until_it_touches_something(ops, ada, guest):
    assert may(guest, open_change(ops, ada, "Empty")) == frozenset()
    own = open_change(ops, ada, "Mine")
    own.author = guest
    own.save()

    assert list(changes_granted(guest)) == [own]
    assert may(guest, own) == {Action.VIEW, Action.DRAFT}
    put_edit(own, ada, POOL)
    assert list(changes_granted(guest)) == []
    assert may(guest, own) == frozenset()


def test_what_is_allowed_is_what_every_zone_allows(ops, ada, guest):
    grant(Zone.objects.get(origin="other.test."), Role.VIEWER, user="guest")
    change = open_change(ops, ada, "Move all mail", [mail("192.0.2.26"), OTHER])

    assert list(changes_granted(guest)) == [change]
    assert may(guest, change) == {Action.VIEW}


def test_a_zone_of_the_same_name_elsewhere_opens_nothing(ops, ada, guest):
    rivals = Team.objects.create(name="rivals")
    change = open_change(rivals, ada, "Make our own", [mail("192.0.2.26")])

    assert list(changes_granted(guest)) == []
    assert may(guest, change) == frozenset()
