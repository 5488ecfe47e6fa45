"""Signatures of webhooks, as Standard Webhooks has them: receivers verify them with any of its libraries.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Octets of a secret."""


def make_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def secret_octets(secret: str) -> bytes | None:
    """What a secret stands for; None if it is none."""
    try:
        octets = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return octets if secret.startswith(PREFIX) and SHORTEST <= len(octets) <= LONGEST else None


def signed_headers(octets: bytes, message_id: str, unix_time: int, body: bytes) -> dict[str, str]:
    """The headers that say which message this is, when it was sent, and that we sent it."""
    signed = b".".join([message_id.encode(), str(unix_time).encode(), body])
    signature = base64.b64encode(hmac.digest(octets, signed, hashlib.sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(unix_time),
        "webhook-signature": f"v1,{signature}",
    }
