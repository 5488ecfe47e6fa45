"""Clients and regions as arrays: who shares a network and a country, and how far each region is.

A location that is unknown is looked for one step further away: a client without coordinates is taken to be in the
middle of the located clients of its network within its country, else of its country, else nowhere.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from latency.arrays import Floats, Indices
from latency.distance import great_circle_km

UNKNOWN = 0  # group number of clients whose network or country is unknown


@dataclass(frozen=True, slots=True)
class Region:
    """Where endpoints live; coordinates in degrees, None if unknown."""

    name: Hashable
    latitude: float | None = None
    longitude: float | None = None
    capacity_qph: float | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """A cell: a prefix of client addresses, with what is known about it; None: nothing."""

    key: str
    network: Hashable | None = None  # its autonomous system
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Population:
    """Group numbers begin at 1; 0 is `UNKNOWN`. `km` is NaN where client or region has no place."""

    networks: Indices  # (C,)
    countries: Indices  # (C,)
    km: Floats  # (C, R)
    group_counts: tuple[int, int] = field(default=(1, 1))  # networks and countries, the unknown one included


def locate(clients: Sequence[Client], regions: Sequence[Region]) -> Population:
    """Group numbers and distances of `clients` in their order; km (C, R)."""
    networks, countries = number(client.network for client in clients), number(client.country for client in clients)
    latitude, longitude = _coordinates(clients)
    for groups in (networks * (countries.max(initial=0) + 1) + countries) * (networks > 0), countries:
        latitude, longitude = _filled_from_groups(latitude, longitude, groups)
    north, east = _coordinates(regions)
    km = great_circle_km(latitude[:, None], longitude[:, None], north[None, :], east[None, :])
    return Population(networks, countries, km, (networks.max(initial=0) + 1, countries.max(initial=0) + 1))


def nowhere(clients: int, regions: int) -> Population:
    """Clients of whom nothing is known."""
    unknown = np.full(clients, UNKNOWN)
    return Population(unknown, unknown, np.full((clients, regions), np.nan))


def number(names: Iterable[Hashable | None]) -> Indices:
    """A number for each different name in order of appearance from 1, 0 for None."""
    numbers: dict[Hashable | None, int] = {None: UNKNOWN}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)


def _coordinates(places: Sequence[Client] | Sequence[Region]) -> tuple[Floats, Floats]:
    """Degrees, NaN for both where one is missing."""
    latitude = np.array([place.latitude for place in places], dtype=np.float64)
    longitude = np.array([place.longitude for place in places], dtype=np.float64)
    missing = np.isnan(latitude) | np.isnan(longitude)
    return np.where(missing, np.nan, latitude), np.where(missing, np.nan, longitude)


def _filled_from_groups(latitude: Floats, longitude: Floats, groups: Indices) -> tuple[Floats, Floats]:
    """Places with the unknown ones put in the middle (on the sphere) of the known ones of their group."""
    known = ~np.isnan(latitude) & (groups > 0)
    size = int(groups.max(initial=0)) + 1
    vectors = _unit_vectors(latitude[known], longitude[known])
    x, y, z = (np.bincount(groups[known], axis, size) for axis in vectors)
    length = np.sqrt(x * x + y * y + z * z)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = np.degrees(np.arcsin(np.clip(z / length, -1, 1))), np.degrees(np.arctan2(y, x))
    lacking = np.isnan(latitude) & (length > 1e-9)[groups]
    return np.where(lacking, middle[0][groups], latitude), np.where(lacking, middle[1][groups], longitude)


def _unit_vectors(latitude: Floats, longitude: Floats) -> tuple[Floats, Floats, Floats]:
    north, east = np.radians(latitude), np.radians(longitude)
    return np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)
