"""Measurement tokens: only who was asked to measure may tell, once each, for itself, and soon.

    token   = base64url( expires, nonce, endpoint, endpoint … , signature )
              4 octets   8 octets  4 octets each              16 octets, HMAC-SHA256 with the client's prefix

A token holds no client: it is signed together with the prefix that asked for it, so it is worth nothing to another.
The nonce makes each of its measurements countable once (beacon identity), however often the token is sent.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass

LIFETIME_S = 300
"""A visitor who leaves the page open in the background measures late or not at all."""
MAX_ENDPOINTS = 4
SIGNATURE_OCTETS = 16
NONCE_OCTETS = 8
HEAD = struct.Struct(f"!I{NONCE_OCTETS}s")
ENDPOINT_OCTETS = 4
DOMAIN = b"trafficmgr rum token 1\0"
MAX_TOKEN = 80
"""Characters; one of MAX_ENDPOINTS has 59."""


class TokenError(ValueError):
    """A token that proves nothing. `reason` is one of telemetry.rum.judging.Reason, in its text."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Token:
    """Leave to tell once about each of `endpoint_ids` until `expires_s` (seconds since 1970)."""

    expires_s: int
    nonce: bytes
    endpoint_ids: tuple[int, ...]

    def signed(self, key: bytes, prefix: str) -> str:
        """The token as text, for clients of `prefix` only."""
        payload = HEAD.pack(self.expires_s, self.nonce) + _pack(self.endpoint_ids)
        return base64.urlsafe_b64encode(payload + _signature(key, prefix, payload)).rstrip(b"=").decode()


def read_token(text: str, key: bytes, prefix: str, now_s: float) -> Token:
    """The token, if it was signed with `key` for clients of `prefix` and has not expired. Raises TokenError."""
    payload, signature = _split(text)
    if not hmac.compare_digest(signature, _signature(key, prefix, payload)):
        raise _forged()
    expires_s, nonce = HEAD.unpack_from(payload)
    if expires_s < now_s:
        raise TokenError("expired", "The token has expired: measure anew with one from /rum/v1/candidates.")
    return Token(expires_s, nonce, struct.unpack_from(f"!{(len(payload) - HEAD.size) // 4}I", payload, HEAD.size))


def _split(text: str) -> tuple[bytes, bytes]:
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        octets = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise _forged() from error
    payload, signature = octets[:-SIGNATURE_OCTETS], octets[-SIGNATURE_OCTETS:]
    if len(payload) < HEAD.size or (len(payload) - HEAD.size) % ENDPOINT_OCTETS:
        raise _forged()
    return payload, signature


def _pack(endpoint_ids: Sequence[int]) -> bytes:
    return struct.pack(f"!{len(endpoint_ids)}I", *endpoint_ids)


def _signature(key: bytes, prefix: str, payload: bytes) -> bytes:
    return hmac.digest(key, DOMAIN + prefix.encode() + b"\0" + payload, hashlib.sha256)[:SIGNATURE_OCTETS]


def _forged() -> TokenError:
    return TokenError("forged", "The token is not one that this server gave to clients of this network.")
