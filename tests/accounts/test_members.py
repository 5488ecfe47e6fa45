"""Who is in a team and as what; a team always keeps an admin."""

from __future__ import annotations

from threading import Thread

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from accounts.members import LAST_ADMIN, add_member, change_role, remove_member
from accounts.models import ApiToken, Membership, Team, User
from accounts.permissions import Role
from accounts.services import create_token


@pytest.fixture
def ops(db):
    return Team.objects.create(name="ops")


@pytest.fixture
def ada(ops):
    """The membership of the only admin."""
    return Membership.objects.create(user=User.objects.create_user("ada"), team=ops, role=Role.ADMIN)


@pytest.fixture
def bob(ops):
    """The membership of a viewer."""
    user = User.objects.create_user("bob", email="Bob@example.com")
    return Membership.objects.create(user=user, team=ops, role=Role.VIEWER)


@pytest.mark.parametrize("login", ["eve", "eve@example.com", "EVE@Example.com"])
def test_a_user_is_let_in_by_name_or_address(ops, login: str):
    eve = User.objects.create_user("eve", email="eve@example.com")

    assert add_member(ops, login, Role.OPERATOR).user == eve


def test_who_is_unknown_disabled_ambiguous_or_a_member_is_not_let_in(ops, bob):
    User.objects.create_user("gone", is_active=False)
    for name in ("one", "two"):
        User.objects.create_user(name, email="both@example.com")

    for login in ("nobody", "gone", "both@example.com", "bob"):
        with pytest.raises(ValidationError):
            add_member(ops, login, Role.VIEWER)


def test_the_last_admin_stays_admin(ada, bob):
    with pytest.raises(ValidationError, match=LAST_ADMIN):
        change_role(ada, Role.APPROVER)
    with pytest.raises(ValidationError, match=LAST_ADMIN):
        remove_member(ada)

    change_role(bob, Role.ADMIN)
    remove_member(ada)
    assert [member.user.username for member in Membership.objects.all()] == ["bob"]


def test_a_disabled_admin_is_none_to_rely_on(ada, bob):
    change_role(bob, Role.ADMIN)
    User.objects.filter(pk=bob.user_id).update(is_active=False)

    with pytest.raises(ValidationError, match=LAST_ADMIN):
        remove_member(ada)


def test_tokens_go_with_their_users_membership(ada, bob, ops):
    create_token(bob.user, ops, "ci")
    create_token(ada.user, ops, "desk")

    remove_member(bob)

    assert [token.name for token in ApiToken.objects.all()] == ["desk"]


def test_a_role_that_there_is_not_is_refused_by_the_database(bob):
    with pytest.raises(IntegrityError, match="membership_role_known"), transaction.atomic():
        Membership.objects.update(role="emperor")


def test_members_of_a_release_that_knew_no_roles_are_admins(ops):
    user = User.objects.create_user("old")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO accounts_membership (user_id, team_id) VALUES (%s, %s)", [user.pk, ops.pk])

    assert Membership.objects.get(user=user).role == Role.ADMIN


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_remove_each_other_at_once_leave_one():
    team = Team.objects.create(name="ops")
    both = [
        Membership.objects.create(user=User.objects.create_user(name), team=team, role=Role.ADMIN)
        for name in ("ada", "bob")
    ]
    refused: list[ValidationError] = []

    def remove(member: Membership) -> None:
        try:
            remove_member(member)
        except ValidationError as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [Thread(target=remove, args=[member]) for member in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1
    assert Membership.objects.count() == 1
