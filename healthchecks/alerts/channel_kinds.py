"""What each kind of channel needs. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from yarl import URL

from healthchecks.alerts.signing import LONGEST, PREFIX, SHORTEST, secret_octets


class ChannelError(ValueError):
    """A channel that cannot be used as it is; `field` is what to change."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def require_sound(kind: str, url: str, secret: str, recipients: Sequence[str]) -> None:
    """Raises ChannelError for what a channel of this kind cannot use, lacks, or has no use for."""
    if kind == "email":
        _require(not url, "url", "E-mail has recipients instead of a URL.")
        _require(bool(recipients), "recipients", "Give at least one address.")
    else:
        _require(not recipients, "recipients", "Only e-mail has recipients.")
        _require_url(url)
    if kind == "webhook":
        _require(secret_octets(secret) is not None, "secret", SECRET_WANTED)
    else:
        _require(not secret, "secret", "Only webhooks are signed.")


SECRET_WANTED = (
    f"Give {PREFIX} and {SHORTEST} to {LONGEST} random octets in base64: echo {PREFIX}$(openssl rand -base64 32)"
)


def destination(url: str, recipients: Sequence[str]) -> str:
    """Where messages go, as far as may be shown: the path of a hook is its password."""
    if not url:
        return ", ".join(recipients)
    parsed = URL(url)
    return f"{parsed.scheme}://{parsed.host}{f':{parsed.explicit_port}' if parsed.explicit_port else ''}/…"


def _require_url(url: str) -> None:
    _require(bool(url), "url", "Give the URL that messages are posted to.")
    try:
        parsed = URL(url)
        sound = parsed.scheme in {"http", "https"} and parsed.host and not parsed.user and not parsed.fragment
    except ValueError:
        sound = False
    _require(bool(sound), "url", "Give a URL such as https://hooks.example.com/path, without a user or a fragment.")


def _require(sound: bool, field: str, message: str) -> None:
    if not sound:
        raise ChannelError(field, message)
