"""Locations as steps write them: `continent:EU`, `country:DE`, `subdivision:US-CA`, `asn:3320`, `cidr:10.0.0.0/8`.

The responder reads them again when it opens a snapshot and refuses all of it for one that is malformed; so they are
checked where they are written.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Collection

import responder

CONTINENTS = ("AF", "AN", "AS", "EU", "NA", "OC", "SA")
SUBDIVISION_PART = re.compile(r"[A-Z0-9]{1,3}")  # ISO 3166-2
MAX_ASN = 2**32 - 1  # RFC 6793
REGIONAL = ("continent", "country", "subdivision")
NETWORKS = ("asn", "cidr")


def check_location(text: str, kinds: Collection[str] = REGIONAL + NETWORKS) -> str:
    """The same text. Raises ValueError saying what of `kinds` to write instead."""
    kind, colon, value = text.partition(":")
    if not colon:
        raise ValueError(f'"{text}" is not a location: write for example country:DE')
    if kind not in kinds:
        raise ValueError(f'Unknown kind of location "{kind}": it is {", ".join(kinds)}.')
    CHECKS[kind](value)
    return text


def check_regional_location(text: str) -> str:
    """The same for a place: a continent, country or subdivision."""
    if text.partition(":")[0] in NETWORKS:
        raise ValueError(f'"{text}" is a network: a geo rule is for a continent, country or subdivision; use a fence.')
    return check_location(text, REGIONAL)


@functools.cache
def country_codes() -> frozenset[str]:
    """ISO 3166-1 alpha-2 codes of the countries that the responder knows."""
    return frozenset(code for code, *_ in responder.countries())


def _continent(value: str) -> None:
    if value not in CONTINENTS:
        raise ValueError(f'Unknown continent "{value}": it is one of {", ".join(CONTINENTS)}.')


def _country(value: str) -> None:
    if value not in country_codes():
        raise ValueError(f'Unknown country "{value}": write its two capital letters (ISO 3166-1).')


def _subdivision(value: str) -> None:
    country, _, part = value.partition("-")
    if country not in country_codes() or not SUBDIVISION_PART.fullmatch(part):
        raise ValueError(f'"{value}" is not a subdivision: write for example US-CA (ISO 3166-2).')


def _asn(value: str) -> None:
    if not (value.isascii() and value.isdecimal() and int(value) <= MAX_ASN):
        raise ValueError(f'"{value}" is not the number of a network: write for example 3320.')


def _cidr(value: str) -> None:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise ValueError(f'"{value}" is not an address block: write for example 10.0.0.0/8.') from error
    if "%" in value or not re.fullmatch(r"[^/]+/[0-9]{1,3}", value):
        raise ValueError(f'"{value}" is not an address block: write for example 10.0.0.0/8.')
    if ipaddress.ip_address(value.partition("/")[0]) != network.network_address:
        raise ValueError(f'"{value}" has bits past its prefix: write {network}.')


CHECKS: dict[str, Callable[[str], None]] = {
    "continent": _continent,
    "country": _country,
    "subdivision": _subdivision,
    "asn": _asn,
    "cidr": _cidr,
}
