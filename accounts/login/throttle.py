"""How often secrets can be guessed: per account and per network, counted in Postgres for all web processes together.

The generic cell rate algorithm, as in common.rate_limit: a key is due at a moment that each attempt moves on by `step`;
an attempt may come `burst` - 1 of these steps early. One statement decides and counts, so that attempts which come at
once do not pass together. What turns out to be right is given back, so that only wrong guesses count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F
from django.utils.crypto import salted_hmac

from accounts.models import SignInAttempts


@dataclass(frozen=True)
class Limit:
    burst: int
    step: timedelta


PER_ACCOUNT = Limit(10, timedelta(seconds=30))
"""Ten wrong guesses at once, then two a minute: a million codes of six digits last a year."""
PER_NETWORK = Limit(60, timedelta(seconds=5))
"""An office behind one address mistypes; who tries one password on many accounts is slowed all the same."""
ONCE = Limit(1, timedelta(seconds=120))
"""For what may be used once: longer than any one-time code is good for."""

TAKE = """
    INSERT INTO accounts_signinattempts AS known (key, due)
    VALUES (%(key)s, %(now)s::timestamptz + make_interval(secs => %(step_s)s))
    ON CONFLICT (key) DO UPDATE SET due = GREATEST(known.due, %(now)s) + make_interval(secs => %(step_s)s)
    WHERE known.due <= %(latest)s
    RETURNING due
"""


class TooManyAttemptsError(Exception):
    """Too many wrong guesses. `wait`: how long until one more is looked at."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__(f"Too many attempts. Try again in {in_words(wait)}.")


@dataclass(frozen=True)
class Attempt:
    """One that is looked at now. It counts unless it turns out to be right."""

    keys: tuple[tuple[str, Limit], ...]

    def was_right(self) -> None:
        for key, limit in self.keys:
            SignInAttempts.objects.filter(key=key).update(due=F("due") - limit.step)


def attempt(account: str, network: str, now: datetime) -> Attempt:
    """Count one attempt at the secrets of `account`, whether or not it exists. Raises TooManyAttemptsError."""
    keys = ((_key("network", network), PER_NETWORK), (_key("account", account), PER_ACCOUNT))
    for key, limit in keys:
        _take(key, limit, now)
    return Attempt(keys)


def ask_from(network: str, now: datetime) -> None:
    """Count a request for something that costs, such as an e-mail. Raises TooManyAttemptsError."""
    _take(_key("network", network), PER_NETWORK, now)


def is_first_use(of: str, now: datetime) -> bool:
    """Whether `of`, such as a one-time code of someone, was not used before."""
    try:
        _take(_key("once", of), ONCE, now)
    except TooManyAttemptsError:
        return False
    return True


def forget(now: datetime) -> None:
    """Delete the keys that are due: they count nothing."""
    SignInAttempts.objects.filter(due__lte=now).delete()


def in_words(wait: timedelta) -> str:
    seconds = max(1, round(wait.total_seconds()))
    if seconds < 60:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    minutes = -(-seconds // 60)
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def _take(key: str, limit: Limit, now: datetime) -> None:
    early = (limit.burst - 1) * limit.step
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"key": key, "now": now, "step_s": limit.step.total_seconds(), "latest": now + early})
        if cursor.fetchone():
            return
    due = SignInAttempts.objects.values_list("due", flat=True).get(key=key)
    raise TooManyAttemptsError(due - early - now)


def _key(kind: str, name: str) -> str:
    """No name is kept: people type passwords where names belong."""
    return salted_hmac(f"accounts.login.throttle.{kind}", name.casefold(), algorithm="sha256").hexdigest()
