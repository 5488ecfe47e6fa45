"""What happens to accounts, said once in the log: who, from where, what. Never a secret, nor a name that nobody has."""

from __future__ import annotations

import logging
from enum import StrEnum

from django.http import HttpRequest

from accounts.audit import journal
from accounts.audit.actor import Actor
from accounts.audit.models import Via
from accounts.login.address import client_address
from accounts.models import User
from accounts.services import team_of

KIND = "accounts"
"""Of what the journal says of sign-ins."""

log = logging.getLogger("accounts.security")


class Event(StrEnum):
    SIGNED_IN = "signed in"
    SIGNED_OUT = "signed out"
    SIGN_IN_REFUSED = "sign-in refused"
    THROTTLED = "too many attempts"
    PROVIDER_REFUSED = "single sign-on refused"
    PASSWORD_CHANGED = "password changed"  # noqa: S105 - what happened, not a password
    PASSWORD_RESET_ASKED = "password reset asked for"  # noqa: S105
    SECOND_FACTOR_ADDED = "second factor added"
    SECOND_FACTOR_REMOVED = "second factor removed"
    RECOVERY_CODES_MADE = "recovery codes made"
    PROVIDER_CONNECTED = "single sign-on connected"
    PROVIDER_DISCONNECTED = "single sign-on disconnected"
    SESSIONS_ENDED = "sessions ended"


def note(event: Event, request: HttpRequest, user: User | None = None, detail: str = "") -> None:
    """Say that `event` has happened to `user`. Whoever keeps a record of such events keeps it here."""
    level = logging.WARNING if event in {Event.THROTTLED, Event.PROVIDER_REFUSED} else logging.INFO
    who = user.get_username() if user else "-"
    log.log(level, "%s: user %s, from %s%s", event, who, client_address(request), f", {detail}" if detail else "")
    if user is not None:
        _write_down(event, request, user, detail)


def _write_down(event: Event, request: HttpRequest, user: User, detail: str) -> None:
    """In the journal of the team that they act for."""
    actor = Actor(user.get_username(), Via.DASHBOARD, user=user, address=client_address(request) or None)
    after = {"detail": detail} if detail else None
    told = journal.Event(KIND, user.get_username(), event.replace(" ", "-"), after=after)
    journal.record(actor, team_of(user), [told])
