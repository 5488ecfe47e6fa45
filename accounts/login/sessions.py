"""Sessions of a user in browsers: which there are, when they were last seen, how they end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.login.address import client_address
from accounts.models import User
from common.rate_limit import RateLimit

MOST_SHOWN = 100
SEEN_RESOLUTION = timedelta(minutes=1)
MOST_AGENT = 200

BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Version": "Safari"}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}

_noted: Final = RateLimit[str](1 / SEEN_RESOLUTION.total_seconds(), 1)
"""Of this process: a browser that asks for ten parts of a page a second is written down once a minute."""


@dataclass(frozen=True)
class ShownSession:
    key: int
    device: str
    address: str
    signed_in: datetime
    last_seen: datetime
    is_this_one: bool


def sessions_of(user: User, this: str | None, now: datetime) -> list[ShownSession]:
    """The sessions of `user` that have not ended, the one seen last first, at most MOST_SHOWN."""
    found = _open_sessions(user, now).order_by("-last_seen_at")[:MOST_SHOWN]
    return [
        ShownSession(
            key=session.pk,
            device=device(session.user_agent),
            address=session.ip,
            signed_in=session.created_at,
            last_seen=session.last_seen_at,
            is_this_one=session.session_key == this,
        )
        for session in found
    ]


def end_session(user: User, key: int) -> bool:
    """End one session of `user`. False: there is none with this key."""
    return _end(UserSession.objects.filter(user=user, pk=key)) > 0


def end_other_sessions(user: User, this: str | None) -> int:
    """End every session of `user` but `this` one. Returns how many."""
    return _end(UserSession.objects.filter(user=user).exclude(session_key=this or ""))


def note_seen(request: HttpRequest, user: User, now: datetime, now_s: float) -> None:
    """Remember that a session was used, from where and with what, to the minute."""
    key = request.session.session_key
    if not key or not _noted.allows(key, now_s):
        return
    agent = request.headers.get("User-Agent", "")[:MOST_AGENT]
    session = UserSession(
        user=user, session_key=key, ip=client_address(request), user_agent=agent, created_at=now, last_seen_at=now
    )
    UserSession.objects.bulk_create(
        [session],
        update_conflicts=True,
        unique_fields=["session_key"],
        update_fields=["user", "ip", "user_agent", "last_seen_at"],
    )


def forget(now: datetime) -> None:
    """Delete sessions that have ended by themselves."""
    Session.objects.filter(expire_date__lt=now).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


def device(agent: str) -> str:
    """What a User-Agent says in a few words, such as “Firefox on Windows”; it is the browser's own word."""
    browser = next((name for mark, name in BROWSERS.items() if re.search(rf"\b{mark}/", agent)), "")
    system = next((name for mark, name in SYSTEMS.items() if mark in agent), "")
    return " on ".join(filter(None, [browser, system])) or agent.partition(" ")[0][:40] or "Unknown device"


def _open_sessions(user: User, now: datetime) -> QuerySet[UserSession]:
    open_keys = Session.objects.filter(expire_date__gt=now).values("session_key")
    found: QuerySet[UserSession] = UserSession.objects.filter(user=user, session_key__in=open_keys)
    return found


def _end(sessions: QuerySet[UserSession]) -> int:
    """The rows of the list go last: what is not listed any more has ended."""
    keys = list(sessions.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(session_key__in=keys).delete()
    return len(keys)
