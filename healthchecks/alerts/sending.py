"""One message to one receiver. What comes of it is data: nothing here raises for a receiver that fails.

Posts go through the guard of probes (H9), mail through one mail server (docs/adr/0030).
"""

from __future__ import annotations

import asyncio
import json
import smtplib
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.conf import settings
from django.core.mail import EmailMessage
from yarl import URL

from healthchecks.alerts.messages import Message, body, headline
from healthchecks.alerts.models import Channel, ChannelKind
from healthchecks.alerts.signing import secret_octets, signed_headers
from healthchecks.probes import ProbeError, Target
from healthchecks.probes.exchange import exchange, request
from healthchecks.probes.handshake import context
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
    host, is_tls = str(url.raw_host), url.scheme == "https"
    common = {"Host": url.raw_authority, "Content-Type": "application/json"}
    asked = request("POST", url.raw_path_qs, common | headers, content)
    tls, name = (context(verify=True), host) if is_tls else (None, None)
    post = partial(exchange, request=asked, tls=tls, server_name=name)
    target = Target(host, int(url.port or 0), TIMEOUT_S)
    return (await reach(post, target, allow_private=settings.PROBE_PRIVATE_ADDRESSES)).status


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
