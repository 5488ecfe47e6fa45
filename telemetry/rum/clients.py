"""Who a measurement is about: the network of a client, never its address.

An address is cut to its /24 or /48 before anything else looks at it; no name, log or column holds more.
"""

from __future__ import annotations

import socket

IPV4_LENGTH, IPV6_LENGTH = 24, 48
IPV4_MAPPED = bytes(10) + b"\xff\xff"  # RFC 4291 section 2.5.5.2


class ClientError(ValueError):
    """This says no client. The message leaves out what it is: it may be half an address."""

    def __init__(self) -> None:
        super().__init__("Write an IPv4 or IPv6 address, or its prefix as ADDRESS/24 or ADDRESS/48.")


def prefix_of(client: str) -> str:
    """First address of the /24 or /48 that a client is in; `client` is an address or such a prefix.

    An IPv4 address that is mapped into IPv6 is an IPv4 address. Raises ClientError.
    """
    family = socket.AF_INET6 if ":" in client else socket.AF_INET
    address = client.removesuffix("/48" if family == socket.AF_INET6 else "/24")
    try:
        packed = socket.inet_pton(family, address)
    except (OSError, ValueError) as error:
        raise ClientError from error
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, packed[:3] + b"\0")
    if packed.startswith(IPV4_MAPPED):
        return socket.inet_ntop(socket.AF_INET, packed[12:15] + b"\0")
    return socket.inet_ntop(socket.AF_INET6, packed[:6] + bytes(10))


def mapped(prefix: str) -> bytes:
    """The address of a prefix in 16 octets; an IPv4 address is mapped into IPv6."""
    if ":" in prefix:
        return socket.inet_pton(socket.AF_INET6, prefix)
    return IPV4_MAPPED + socket.inet_pton(socket.AF_INET, prefix)


def length_of(prefix: str) -> int:
    return IPV6_LENGTH if ":" in prefix else IPV4_LENGTH


def network_of(prefix: str) -> str:
    """Such as 203.0.113.0/24, for 203.0.113.0."""
    return f"{prefix}/{length_of(prefix)}"
