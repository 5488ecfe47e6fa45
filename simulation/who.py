"""Whose answers are looked at: one client by its address, or those of a network or a country.

text ─► address │ prefix │ AS number │ country ─► client subnets, as resolvers would tell them
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import responder
from telemetry.clients import sampled_clients

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Place = tuple[int | None, str | None, float | None, float | None]
"""Autonomous system, country and coordinates, as responder.Snapshot.locate gives them."""

SUBNET_LENGTHS = {4: 24, 6: 56}
"""What resolvers tell of a client's address at most (RFC 7871 section 11.1)."""
MOST_CLIENTS = 256
"""Enough to see a share of a percent, and asked within milliseconds."""
SEARCHED = 100_000
"""Made-up clients among which those of a country or an autonomous system are found."""
AS_NUMBER = re.compile(r"(?:asn?:?)\s*(\d{1,10})", re.IGNORECASE)


class NobodyError(ValueError):
    """A text that means no client. The message says what to write instead."""


@dataclass(frozen=True, slots=True)
class Who:
    """`said`: in words. `clients`: their subnets; the first, from the address `resolver`, is the one to explain."""

    said: str
    clients: tuple[str, ...]
    resolver: str


def who(text: str, snapshot: responder.Snapshot) -> Who:
    """Those whom `text` means, where `snapshot` puts them. Raises NobodyError."""
    text = text.strip()
    if number := AS_NUMBER.fullmatch(text):
        return _of_number(int(number[1]), snapshot)
    if "/" in text:
        return _of_prefix(text)
    if code := _country_code(text):
        return _of_country(code, snapshot)
    return _of_address(text)


def _of_address(text: str) -> Who:
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise NobodyError(
            f'"{text}" is no client: write an address, a prefix such as 91.0.0.0/16, a network such as AS3320, '
            "or a country."
        ) from error
    if getattr(address, "scope_id", None):
        raise NobodyError(f'"{text}" has a zone after %, which means something on one machine only: leave it out.')
    return Who(str(address), (_subnet(address),), str(address))


def _of_prefix(text: str) -> Who:
    try:
        network = ipaddress.ip_network(text.replace(" ", ""))
    except ValueError as error:
        raise NobodyError(f'"{text}" is no prefix such as 91.0.0.0/16 without bits past its length.') from error
    clients = tuple(str(subnet) for subnet in _spread(network))
    return Who(str(network), clients, _first_address(clients[0]))


def _of_number(number: int, snapshot: responder.Snapshot) -> Who:
    places = _places(snapshot)
    if not any(place[0] for place in places):
        raise NobodyError("Edges have no file that tells networks by their number: write a prefix such as 91.0.0.0/16.")
    return _found(f"AS{number}", places, lambda place: place[0] == number)


def _of_country(code: str, snapshot: responder.Snapshot) -> Who:
    return _found(_names()[code], _places(snapshot), lambda place: place[1] == code)


def _found(said: str, places: tuple[Place, ...], matches: Callable[[Place], bool]) -> Who:
    sampled = sampled_clients(SEARCHED)
    clients = tuple(client for client, place in zip(sampled, places, strict=True) if matches(place))
    if not clients:
        raise NobodyError(f"No sampled network is of {said}: write one of its addresses or prefixes.")
    return Who(said, clients[:MOST_CLIENTS], _first_address(clients[0]))


@lru_cache(maxsize=1)  # the same for all who look at one generation
def _places(snapshot: responder.Snapshot) -> tuple[Place, ...]:
    return tuple(snapshot.locate(sampled_clients(SEARCHED)))


def _spread(network: Network) -> list[Network]:
    """Client subnets of a network, evenly spread over it; a smaller network is one itself."""
    length = SUBNET_LENGTHS[network.version]
    if network.prefixlen >= length:
        return [network]
    count = 1 << (length - network.prefixlen)
    taken = min(count, MOST_CLIENTS)
    first, size = int(network.network_address), 1 << (network.max_prefixlen - length)
    return [type(network)((first + place * count // taken * size, length)) for place in range(taken)]


def _subnet(address: Address) -> str:
    return str(ipaddress.ip_network(f"{address}/{SUBNET_LENGTHS[address.version]}", strict=False))


def _first_address(subnet: str) -> str:
    network = ipaddress.ip_network(subnet)
    return str(network[1] if network.num_addresses > 1 else network[0])


def _country_code(text: str) -> str | None:
    """By its code or its name, in any case; None: it is neither."""
    wanted = text.removeprefix("country:").casefold()
    return next((code for code, name in _names().items() if wanted in (code.casefold(), name.casefold())), None)


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    return {code: name for code, _continent, name, *_ in responder.countries()}
