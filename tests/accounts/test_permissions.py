"""What roles and scopes allow, written down by hand beside the code that says it."""

from __future__ import annotations

import pytest

from accounts.permissions import MAY, SCOPE_ALLOWS, Action, Actor, Role, Scope, allowed, roles_that_may

OPS, RIVALS, ZONE = 1, 2, 7
ROLES = {
    "viewer": "view",
    "operator": "view draft operate",
    "publisher": "view draft operate publish",
    "approver": "view draft operate publish approve",
    "admin": "view draft operate publish approve administer",
}
SCOPES = {
    "read": "view",
    "draft": "view draft",
    "publish": "view draft operate publish",
    "administer": "view draft operate publish approve administer install",
}


@pytest.mark.parametrize("role", Role)
def test_a_role_allows_what_is_written_of_it(role: Role):
    actor = Actor(roles={OPS: role})

    assert {action.value for action in Action if allowed(actor, action, OPS)} == set(ROLES[role].split())


@pytest.mark.parametrize("role", Role)
def test_a_role_in_one_team_is_none_in_another(role: Role):
    assert not any(allowed(Actor(roles={OPS: role}), action, RIVALS) for action in Action)


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("role", Role)
def test_a_token_allows_what_both_its_scope_and_its_users_role_do(role: Role, scope: Scope):
    actor = Actor(roles={OPS: role}, scope=scope)

    both = set(ROLES[role].split()) & set(SCOPES[scope].split())
    assert {action.value for action in Action if allowed(actor, action, OPS)} == both


def test_an_administrator_of_the_installation_may_everything_and_a_token_of_theirs_what_its_scope_says():
    assert all(allowed(Actor(runs_installation=True), action, OPS) for action in Action)

    reading = Actor(runs_installation=True, scope=Scope.READ)
    assert [action for action in Action if allowed(reading, action, OPS)] == [Action.VIEW]


def test_a_grant_adds_to_a_role_for_its_zone_and_for_no_other():
    actor = Actor(roles={OPS: Role.VIEWER}, granted={ZONE: MAY[Role.PUBLISHER]})

    assert allowed(actor, Action.PUBLISH, OPS, ZONE)
    assert not allowed(actor, Action.PUBLISH, OPS)
    assert not allowed(actor, Action.PUBLISH, OPS, ZONE + 1)
    assert allowed(Actor(granted=actor.granted), Action.VIEW, OPS, ZONE)


def test_a_grant_takes_nothing_away():
    actor = Actor(roles={OPS: Role.ADMIN}, granted={ZONE: MAY[Role.VIEWER]})

    assert allowed(actor, Action.ADMINISTER, OPS, ZONE)


def test_what_a_scope_allows_an_admin_too_is_nothing_that_no_role_has():
    assert SCOPE_ALLOWS[Scope.PUBLISH] == MAY[Role.PUBLISHER]
    assert roles_that_may(Action.INSTALL) == []
    assert roles_that_may(Action.PUBLISH) == [Role.PUBLISHER, Role.APPROVER, Role.ADMIN]
