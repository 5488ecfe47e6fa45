"""One message to one receiver. What comes of it is data: nothing here raises for a receiver that fails.

Posts go through the guard of probes (H9), mail through one mail server (docs/adr/0030).
"""

from __future__ import annotations

import asyncio
import json
import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

from aiohttp import ClientError, ClientSession
from django.conf import settings
from django.core.mail import EmailMessage
from yarl import URL

from healthchecks.alerts.messages import Message, body, headline
from healthchecks.alerts.models import Channel, ChannelKind
from healthchecks.alerts.signing import secret_octets, signed_headers
from healthchecks.probes import ProbeError, Target, open_session
from healthchecks.probes.base import Peer
from healthchecks.probes.running import one_line, reach

TIMEOUT_S = 10.0
MOST_SLACK = 3000
"""Characters: hooks cut or refuse what is much longer."""


@dataclass(frozen=True)
class Answer:
    """What a receiver did. `error` empty: it took the message."""

    status_code: int | None = None
    error: str = ""


def send(channel: Channel, message_id: str, message: Message, now: datetime) -> Answer:
    """Have the channel's receiver take the message, within a few times TIMEOUT_S."""
    try:
        if channel.kind == ChannelKind.EMAIL:
            return _mail(channel, message_id, message)
        return _post(channel, message_id, message, now)
    except (ProbeError, OSError, smtplib.SMTPException) as failure:
        return Answer(error=one_line(str(failure) or type(failure).__name__))


def _post(channel: Channel, message_id: str, message: Message, now: datetime) -> Answer:
    if channel.kind == ChannelKind.SLACK:
        content, headers = json.dumps({"text": _slack_text(message)}).encode(), {}
    else:
        content = json.dumps({"id": message_id, **message}).encode()
        octets = secret_octets(channel.secret) or b""
        headers = signed_headers(octets, message_id, int(now.timestamp()), content)
    status_code = asyncio.run(_status(URL(channel.url), content, headers))
    return Answer(status_code, "" if 200 <= status_code < 300 else f"status {status_code}")


def _slack_text(message: Message) -> str:
    text = f"*{headline(message)}*\n{body(message)}"
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(character, entity)
    return text[:MOST_SLACK]


async def _status(url: URL, content: bytes, headers: dict[str, str]) -> int:
    """What the receiver answers with. Its body is not read: nobody may learn from it what is behind a URL."""

    target = Target(str(url.raw_host), int(url.port or 0), TIMEOUT_S)
    async with open_session() as session:
        ask = partial(_ask, session, url, content, headers)
        return await reach(ask, target, allow_private=settings.PROBE_PRIVATE_ADDRESSES)


async def _ask(session: ClientSession, url: URL, content: bytes, headers: dict[str, str], peer: Peer) -> int:
    is_tls = url.scheme == "https"
    request = session.post(
        url.with_host(peer.address),
        data=content,
        headers={"Host": url.raw_authority, "Content-Type": "application/json", "User-Agent": "trafficmgr"} | headers,
        allow_redirects=False,
        ssl=_verifying_context() if is_tls else False,
        server_hostname=url.raw_host if is_tls else None,
    )
    try:
        async with request as response:
            return response.status
    except ClientError as error:
        raise error if isinstance(error, OSError) else ProbeError(f"no HTTP answer: {error}") from error


@cache
def _verifying_context() -> ssl.SSLContext:
    """Trusts what the machine trusts."""
    return ssl.create_default_context()


def _mail(channel: Channel, message_id: str, message: Message) -> Answer:
    if not settings.EMAIL_HOST:
        return Answer(error="no mail server is known: set TRAFFICMGR_SMTP")
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2]
    EmailMessage(
        one_line(headline(message)),
        body(message),
        to=channel.recipients,
        headers={"Message-ID": f"<{message_id}@{domain}>", "Auto-Submitted": "auto-generated"},
    ).send()
    return Answer()
