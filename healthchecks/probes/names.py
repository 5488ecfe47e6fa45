"""Host names as people write them: `bücher.example` is asked for as `xn--bcher-kva.example`."""

from __future__ import annotations

from typing import Annotated

import idna
from pydantic import AfterValidator, Field


def to_ascii(text: str) -> str:
    """A host name, with a port or not, in A-labels (RFC 5890). Raises ValueError if it is none."""
    if text.isascii():
        return text
    name, colon, port = text.partition(":")
    try:
        return idna.encode(name, uts46=True).decode() + colon + port
    except idna.IDNAError as error:
        raise ValueError(f"{name!r} is no host name: {error}") from error


def without_port(host: str) -> str:
    """The name of `name`, `name:port` or `[address]:port`."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


HostName = Annotated[
    str, AfterValidator(to_ascii), Field(min_length=1, max_length=255, pattern=r"^[^\s\x00-\x1f\x7f]+$")
]
