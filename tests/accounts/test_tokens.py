"""Tokens: secrets that only their digests remember."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from accounts.models import ApiToken, Membership, Team, User
from accounts.services import create_token, find_token, team_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def ops(db):
    return Team.objects.create(name="ops")


@pytest.fixture
def ada(db):
    return User.objects.create_user("ada")


def test_a_token_is_found_by_its_secret_and_kept_without_it(ada, ops):
    token, secret = create_token(ada, ops, "ci")

    assert find_token(secret, "", NOW) == token
    assert secret not in str(ApiToken.objects.values().get())


def test_a_secret_can_be_chosen_beforehand(ada, ops):
    assert create_token(ada, ops, "ci", secret="chosen")[1] == "chosen"
    assert find_token("chosen", "", NOW) == ApiToken.objects.get()


def test_two_tokens_differ(ada, ops):
    assert create_token(ada, ops, "one")[1] != create_token(ada, ops, "two")[1]


@pytest.mark.parametrize("secret", ["", "wrong", "\x00", "ü"])
def test_another_secret_finds_none(ada, ops, secret):
    create_token(ada, ops, "ci")

    assert find_token(secret, "", NOW) is None


def test_a_disabled_user_has_no_tokens(ada, ops):
    secret = create_token(ada, ops, "ci")[1]
    User.objects.update(is_active=False)

    assert find_token(secret, "", NOW) is None


@pytest.mark.parametrize("name", ["ci", "", "x" * 64])
def test_a_name_that_is_taken_or_none_is_refused(ada, ops, name):
    create_token(ada, ops, "ci")

    with pytest.raises(ValidationError):
        create_token(ada, ops, name)
    assert ApiToken.objects.count() == 1


def test_a_user_acts_for_the_team_joined_first(ada, ops):
    assert team_of(ada) is None
    Membership.objects.create(user=ada, team=ops)
    Membership.objects.create(user=ada, team=Team.objects.create(name="another"))

    assert team_of(ada) == ops
