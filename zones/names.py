"""Domain names as people write them and as the database keeps them: lower case, one spelling for each name.

dnspython reads escapes; what is written back escapes every octet that could be mistaken for syntax as three decimal
digits (RFC 1035 section 5.1), so that a dot in a stored name always separates labels.
"""

from __future__ import annotations

import functools
import re

import dns.exception
import dns.name

APEX = "@"
MAX_TEXT = 254
"""What the columns hold. A name is at most 255 octets on the wire; only one full of escapes is longer as text."""

PLAIN_LABEL = re.compile(rb"[a-z0-9_*-]+")
PLAIN_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")
"""A relative name that is its own spelling."""

SYNTAX = frozenset(b'"().;\\@$')


class InvalidNameError(ValueError):
    """A text that is no domain name, or none of the zone in question. The message says what to write."""


def parse_origin(text: str) -> str:
    """The absolute, lower-case spelling of a zone's origin; the final dot may be missing."""
    return absolute_text(_parse(text.strip(), dns.name.root))


def parse_absolute(text: str, origin: str) -> str:
    """The absolute spelling of a name that is relative to `origin` unless it ends with a dot."""
    return absolute_text(_parse(text.strip(), origin_name(origin)))


def parse_owner(text: str, origin: str) -> str:
    """The spelling of an owner relative to `origin`, `@` for the apex; `text` may be relative or absolute.

    Raises InvalidNameError for a name outside the zone.
    """
    zone = origin_name(origin)
    return parse_relative(text.strip() or APEX, zone, zone)


def origin_name(origin: str) -> dns.name.Name:
    return dns.name.from_text(origin)


def parse_name(text: str, origin: dns.name.Name) -> dns.name.Name:
    """The lower-case absolute name. `@` is `origin`."""
    return _parse(text, origin)


def absolute_text(name: dns.name.Name) -> str:
    return _checked(".".join(map(_label_text, name.labels)) or ".", name)


def parse_relative(text: str, origin: dns.name.Name, zone: dns.name.Name) -> str:
    """The spelling relative to `zone` of a name relative to `origin`. Raises InvalidNameError for one outside."""
    if origin is zone and PLAIN_NAME.fullmatch(text) and len(text) < 255 - octets(zone):
        return text
    return relative_text(_parse(text, origin), zone)


@functools.lru_cache
def octets(name: dns.name.Name) -> int:
    """The length of an absolute name on the wire."""
    return sum(len(label) + 1 for label in name.labels)


def relative_text(name: dns.name.Name, origin: dns.name.Name) -> str:
    """`name` relative to `origin`, `@` if they are the same."""
    if not name.is_subdomain(origin):
        raise InvalidNameError(f"{name} is outside the zone {origin}")
    labels = name.labels[: len(name.labels) - len(origin.labels)]
    return _checked(".".join(map(_label_text, labels)) or APEX, name)


def _parse(text: str, origin: dns.name.Name) -> dns.name.Name:
    if not text:
        raise InvalidNameError("a name is missing")
    if not text.isascii():
        raise InvalidNameError(f'"{text}" is not ASCII: write its labels in their xn-- form')
    try:
        return dns.name.from_text(text, origin).canonicalize()
    except (dns.exception.DNSException, UnicodeError) as error:
        raise InvalidNameError(f'"{text}" is not a domain name: {_reason(error)}') from error


def _reason(error: Exception) -> str:
    return str(error).rstrip(".").removeprefix("A DNS ")


def _label_text(label: bytes) -> str:
    if PLAIN_LABEL.fullmatch(label):
        return label.decode()
    return "".join(map(_octet_text, label))


def _octet_text(octet: int) -> str:
    is_plain = 0x20 < octet < 0x7F and octet not in SYNTAX
    return chr(octet) if is_plain else f"\\{octet:03d}"


def _checked(text: str, name: dns.name.Name) -> str:
    if len(text) > MAX_TEXT:
        raise InvalidNameError(f"{name} is longer than {MAX_TEXT} characters with its escapes")
    return text
