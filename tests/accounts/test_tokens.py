"""Tokens: secrets that only their digests remember."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounts.models import ApiToken, Membership, Team, User
from accounts.services import (
    TokenElsewhereError,
    TokenExpiredError,
    create_token,
    find_token,
    lifetime_end,
    note_use,
    team_of,
    token_digest,
)

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


def test_a_secret_is_told_from_others_by_how_it_begins(ada, ops):
    token, secret = create_token(ada, ops, "ci")

    assert secret.startswith("tmgr_")
    assert secret.startswith(token.start)
    assert len(token.start) < len(secret) / 3


def test_tokens_of_a_release_that_knew_no_limits_keep_working(ada, ops):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_apitoken (user_id, team_id, name, digest, created) VALUES (%s, %s, 'old', %s, now())",
            [ada.pk, ops.pk, token_digest("secret")],
        )

    token = find_token("secret", "", NOW)
    assert token is not None
    assert (token.scope, token.only, token.networks, token.expires) == ("administer", [], [], None)


def test_a_token_expires_at_that_moment(ada, ops):
    secret = create_token(ada, ops, "ci", expires=NOW)[1]

    assert find_token(secret, "", NOW - timedelta(microseconds=1)) is not None
    with pytest.raises(TokenExpiredError, match="ci expired at 2026-01-01 00:00 UTC"):
        find_token(secret, "", NOW)


@pytest.mark.parametrize("address", ["198.51.100.1", "2001:db8::1", "", "nonsense"])
def test_a_token_is_refused_from_elsewhere(ada, ops, address):
    secret = create_token(ada, ops, "ci", networks=["192.0.2.0/24"])[1]

    assert find_token(secret, "::ffff:192.0.2.1", NOW) is not None
    with pytest.raises(TokenElsewhereError):
        find_token(secret, address, NOW)


def test_its_last_use_is_noted_with_the_address(ada, ops):
    token = create_token(ada, ops, "ci")[0]

    note_use(token, "::ffff:192.0.2.1", NOW)
    note_use(token, "198.51.100.1", NOW + timedelta(seconds=59))
    token.refresh_from_db()
    assert (token.last_used, token.last_address) == (NOW, "192.0.2.1")

    note_use(token, "", NOW + timedelta(seconds=61))
    token.refresh_from_db()
    assert token.last_address is None


def test_a_token_is_good_for_a_year_unless_something_else_is_wanted_or_allowed():
    year, month = NOW + timedelta(days=365), NOW + timedelta(days=30)

    assert lifetime_end(None, NOW, 366) == year
    assert lifetime_end(None, NOW, 30) == month
    assert lifetime_end(month, NOW, 366) == month
    for wanted in (NOW, NOW + timedelta(days=367)):
        with pytest.raises(ValidationError):
            lifetime_end(wanted, NOW, 366)


def test_the_team_that_was_chosen_counts_while_one_is_in_it(ada, ops):
    another = Team.objects.create(name="another")
    for team in (ops, another):
        Membership.objects.create(user=ada, team=team)
    ada.chosen_team_id = another.pk

    assert team_of(ada) == another
    Membership.objects.filter(team=another).delete()
    assert team_of(ada) == ops
