"""What every server of a run serves: the same zones, endpoints and rules, however each of them writes it down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

ORIGIN = "bench.test."
STATIC_NAMES = 1_000
STEERED_NAMES = 100
TTL_S = 300
STEERED_TTL_S = 30


@dataclass(frozen=True, slots=True)
class Region:
    name: str
    latitude: float
    longitude: float


REGIONS = (
    Region("us-east", 39.0, -77.5),
    Region("us-west", 45.6, -121.2),
    Region("eu", 50.1, 8.7),
    Region("ap", 1.35, 103.8),
    Region("sa", -23.5, -46.6),
)
RULES = {
    "continent:AF": "eu",
    "continent:AS": "ap",
    "continent:EU": "eu",
    "continent:NA": "us-east",
    "continent:OC": "ap",
    "continent:SA": "sa",
    "country:CA": "us-west",
    "country:IN": "ap",
    "country:JP": "us-west",
    "country:MX": "us-west",
    "country:PT": "sa",
}
"""Whose clients go to which region: the country decides before the continent."""
CONTINENTS = {"CA": "NA", "IN": "AS", "JP": "AS", "MX": "NA", "PT": "EU"}
"""Of the countries that RULES name."""
DEFAULT_REGION = "us-east"


@dataclass(frozen=True, slots=True)
class Endpoint:
    address: str
    region: str
    weight: int


@dataclass(frozen=True, slots=True)
class SteeredName:
    """`label`.ORIGIN is answered with one of the endpoints, drawn by weight among those of the client's region."""

    label: str
    endpoints: tuple[Endpoint, ...]

    def address_in(self, region: str) -> str:
        """For servers that draw by weight or by location, but not by both."""
        return self.in_region(region)[0].address

    def in_region(self, region: str) -> list[Endpoint]:
        return [endpoint for endpoint in self.endpoints if endpoint.region == region]


@dataclass(frozen=True, slots=True)
class Zone:
    """`count` names with an address each; `changed` is the address of the first one."""

    origin: str
    count: int
    serial: int = 1
    changed: str = "198.18.0.0"

    def addresses(self) -> Iterator[tuple[str, str]]:
        """Label and address of each name, in canonical order."""
        width = max(3, len(str(self.count - 1)))
        first = int(IPv4Address("198.18.0.0"))
        yield f"n{0:0{width}}", self.changed
        for number in range(1, self.count):
            yield f"n{number:0{width}}", str(IPv4Address(first + number % (1 << 17)))


@dataclass(frozen=True, slots=True)
class Dataset:
    """`by_distance`: the region is the one nearest to the client, and not the one that RULES say.

    `by_latency`: it is the one that the client reaches soonest (bench.latencies), for servers that can know.
    """

    zones: tuple[Zone, ...]
    steered: tuple[SteeredName, ...] = ()
    geo: Path | None = None
    by_distance: bool = False
    by_latency: bool = False
    rules: dict[str, str] = field(default_factory=lambda: dict(RULES))
    generation: int = 1


def static_names(count: int = STATIC_NAMES) -> tuple[Zone, ...]:
    return (Zone(ORIGIN, count),)


def steered_names(count: int = STEERED_NAMES) -> tuple[SteeredName, ...]:
    """Names of 8 to 20 endpoints, spread over all regions."""
    return tuple(SteeredName(f"s{name:02}", tuple(_endpoints(name))) for name in range(count))


def _endpoints(name: int) -> Iterator[Endpoint]:
    for number in range(8 + name % 13):
        region = REGIONS[number % len(REGIONS)]
        yield Endpoint(f"203.0.{name}.{number + 1}", region.name, 1 + (name * 7 + number * 13) % 90)
