"""Guessing is slow, for an account and for a network, however many processes count; nobody learns who exists."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from accounts.login import throttle
from accounts.login.address import network_of
from accounts.login.throttle import PER_ACCOUNT, PER_NETWORK, TooManyAttemptsError, attempt, in_words, is_first_use
from accounts.models import SignInAttempts
from tests.accounts.login.conftest import PASSWORD, is_signed_in, sign_in

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HERE = "192.0.2.0/24"


def exhaust(account: str) -> None:
    for number in range(PER_ACCOUNT.burst):
        attempt(account, f"network {number}", NOON)


@pytest.mark.django_db
def test_an_account_is_guessed_at_ten_times_at_once_and_then_twice_a_minute():
    exhaust("ada")
    with pytest.raises(TooManyAttemptsError) as refusal:
        attempt("ada", HERE, NOON)

    assert refusal.value.wait == PER_ACCOUNT.step
    assert str(refusal.value) == "Too many attempts. Try again in 30 seconds."
    attempt("ada", HERE, NOON + PER_ACCOUNT.step)
    with pytest.raises(TooManyAttemptsError):
        attempt("ada", HERE, NOON + PER_ACCOUNT.step)


@pytest.mark.django_db
def test_the_case_of_a_name_makes_no_other_account_of_it():
    exhaust("ada")
    with pytest.raises(TooManyAttemptsError):
        attempt("ADA", HERE, NOON)


@pytest.mark.django_db
def test_a_network_that_tries_one_password_on_many_accounts_is_slowed():
    for number in range(PER_NETWORK.burst):
        attempt(f"user-{number}", HERE, NOON)
    with pytest.raises(TooManyAttemptsError):
        attempt("somebody", HERE, NOON)
    attempt("somebody", "198.51.100.0/24", NOON)


@pytest.mark.django_db
def test_what_was_right_does_not_count():
    for _ in range(3 * PER_ACCOUNT.burst):
        attempt("ada", HERE, NOON).was_right()


@pytest.mark.django_db(transaction=True)
def test_attempts_that_come_at_once_do_not_pass_together():
    def guess(number: int) -> bool:
        try:
            attempt("ada", f"network {number}", NOON)
        except TooManyAttemptsError:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as processes:
        assert sum(processes.map(guess, range(40))) == PER_ACCOUNT.burst


@pytest.mark.django_db
def test_no_name_is_kept_and_what_is_over_is_forgotten():
    attempt("a password typed as a name", HERE, NOON)
    assert "typed" not in str(list(SignInAttempts.objects.values()))

    throttle.forget(NOON + timedelta(seconds=29))
    assert SignInAttempts.objects.count() == 1
    throttle.forget(NOON + timedelta(seconds=31))
    assert SignInAttempts.objects.count() == 0


@pytest.mark.django_db
def test_what_may_be_used_once_is_used_once():
    assert is_first_use("1 123456", NOON)
    assert not is_first_use("1 123456", NOON + timedelta(seconds=90))
    assert is_first_use("2 123456", NOON)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 second"), (30, "30 seconds"), (60, "1 minute"), (61, "2 minutes")]
)
def test_a_wait_is_said_in_words(seconds: float, words: str):
    assert in_words(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("address", "network"), [("192.0.2.77", "192.0.2.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48")]
)
def test_neighbours_are_one_network(address: str, network: str):
    assert network_of(address) == network


@pytest.mark.parametrize("username", ["ada", "nobody"])
def test_the_page_says_when_to_try_again_whether_or_not_the_account_exists(ada, anyone, unhurried, username: str):
    for _ in range(PER_ACCOUNT.burst):
        assert "do not match" in sign_in(anyone, username, "guess").content.decode()
    page = sign_in(anyone, username, PASSWORD)

    assert re.search(r"Too many attempts\. Try again in \d+ minutes?\.", page.content.decode())
    assert not is_signed_in(anyone)


def test_the_right_password_is_taken_as_long_as_one_may_try(ada, anyone):
    for _ in range(PER_ACCOUNT.burst - 1):
        sign_in(anyone, password="guess")
    assert sign_in(anyone).status_code == 302, "the tenth is right"


def test_a_proxy_that_is_not_trusted_makes_no_other_network_of_a_guesser(ada, anyone, unhurried):
    for number in range(PER_NETWORK.burst):
        sign_in(anyone, f"user-{number}", "guess", headers={"X-Forwarded-For": f"198.51.{number}.1"})
    page = sign_in(anyone, "somebody", "guess", headers={"X-Forwarded-For": "203.0.113.1"})

    assert "Too many attempts" in page.content.decode()
