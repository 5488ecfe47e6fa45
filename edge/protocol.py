"""How this node speaks DNS: as the operator says, with a cookie secret of its own where none is shared."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from responder import Settings

COOKIE_KEY_FILE = "cookie.secret"
COOKIE_KEY_OCTETS = 16
"""A key of SipHash-2-4 (RFC 9018 section 4.4)."""
STALE_AFTER_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Protocol:
    """What `Settings` are made of."""

    nsid: str = ""
    cookie_secrets: tuple[bytes, ...] = ()  # the first signs, all of them verify
    version: str = ""
    identity: str = ""
    stale_after_s: float = STALE_AFTER_S  # without contact to the feed

    def with_secret_in(self, home: Path, random_octets: Callable[[int], bytes]) -> Protocol:
        """Itself if secrets are shared; else with one that no other node has, kept in `home`."""
        return self if self.cookie_secrets else replace(self, cookie_secrets=(kept_secret(home, random_octets),))

    def settings(self, *, without_contact_s: float) -> Settings:
        """Raises ValueError naming the one that does not fit into a reply."""
        return Settings(
            nsid=self.nsid.encode(),
            cookie_secrets=self.cookie_secrets,
            version=self.version,
            identity=self.identity,
            stale=without_contact_s > self.stale_after_s,
        )


PLAIN = Protocol()
"""Nothing that an operator would have to say."""


def kept_secret(home: Path, random_octets: Callable[[int], bytes]) -> bytes:
    """The secret in `home`: cookies that clients have stay good over a restart. One that is damaged is made anew."""
    path = home / COOKIE_KEY_FILE
    try:
        secret = path.read_bytes()
    except FileNotFoundError:
        secret = b""
    return secret if len(secret) == COOKIE_KEY_OCTETS else _keep(path, random_octets(COOKIE_KEY_OCTETS))


def _keep(path: Path, secret: bytes) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.tmp")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
    draft.replace(path)
    return secret
