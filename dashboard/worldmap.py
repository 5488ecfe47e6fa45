"""What the map of the world shows: regions by health, sites with edge nodes, and where clients ask from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import responder
from accounts.models import User
from dashboard.access import visible
from dashboard.health import UNKNOWN, health_of, tally
from dashboard.traffic import WINDOW
from regions.models import Endpoint, Region, Site
from snapshots.fleet import Edge
from telemetry.services import countries


class Place(NamedTuple):
    """A region with its endpoints as (endpoint, state), and how they are together."""

    region: Region
    endpoints: list[tuple[Endpoint, str]]
    state: str
    up: int


class Country(NamedTuple):
    name: str
    latitude: float
    longitude: float


def places_of(user: User) -> list[Place]:
    """The user's regions with the health of what is in them."""
    endpoints = visible(Endpoint.objects.all(), user)
    health = health_of(endpoints)
    inside = defaultdict(list)
    for endpoint in endpoints:
        inside[endpoint.region_id].append((endpoint, health.get(endpoint.id, UNKNOWN)))
    return [_place(region, inside[region.id]) for region in visible(Region.objects.all(), user)]


def world_map(places: Iterable[Place], sites: Iterable[Site], edges: Iterable[Edge], now: datetime) -> dict[str, Any]:
    """The map's marks, as the chart script reads them."""
    states = defaultdict(list)
    for edge in edges:
        states[edge.node.site_id].append(f"{edge.node.name}: {edge.state}")
    return {
        "regions": [_region_mark(place) for place in places],
        "sites": [_mark(site, nodes=states[site.pk]) for site in sites],
        "clients": client_marks(now),
    }


def client_marks(now: datetime) -> list[dict[str, Any]]:
    """How many steered answers went to each country within the window."""
    known = known_countries()
    counts = countries(None, now - WINDOW, now)
    return [
        {"name": known[code].name, "latitude": known[code].latitude, "longitude": known[code].longitude, "count": count}
        for code, count in counts.items()
        if code in known
    ]


def _place(region: Region, endpoints: list[tuple[Endpoint, str]]) -> Place:
    counted = tally(state for _endpoint, state in endpoints)
    return Place(region, endpoints, counted.state, counted.up)


def _region_mark(place: Place) -> dict[str, Any]:
    endpoints = [f"{endpoint.name}: {state}" for endpoint, state in place.endpoints]
    return _mark(place.region, state=place.state, up=place.up, endpoints=endpoints)


def _mark(at: Region | Site, **more: object) -> dict[str, Any]:
    return {"name": at.name, "latitude": at.latitude, "longitude": at.longitude} | more


@cache
def known_countries() -> dict[str, Country]:
    """By ISO 3166-1 alpha-2."""
    return {
        code: Country(name, latitude, longitude)
        for code, _continent, name, latitude, longitude in responder.countries()
    }
