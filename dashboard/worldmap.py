"""What the map of the world shows: regions by health, sites with edge nodes, and which clients go where."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from django.db.models import Count

import responder
from accounts.models import User
from dashboard.access import visible
from dashboard.health import NONE, UP, together
from healthchecks.standing_models import Standing
from regions.models import Endpoint, Region, Site
from snapshots.fleet import Edge
from telemetry.slices import Flow

FEW_ENDPOINTS = 60
"""Up to so many, each is shown with its region; of more, those that are not up are shown elsewhere."""
MOST_ARCS = 40
MOST_COUNTRIES = 8
BADNESS = ("down", "degraded", "unknown", "up", "none")


class Place(NamedTuple):
    """A region, how its endpoints are together, and if there are few of them each as (endpoint, state)."""

    region: Region
    state: str
    up: int
    total: int
    endpoints: list[tuple[Endpoint, str]]


class Country(NamedTuple):
    name: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Origin:
    """Clients of a country (empty: unknown), and which share of their answers began in which region, most first."""

    country: str
    count: int
    regions: list[tuple[Region, float]]


def places_of(user: User, only: Region | None = None) -> list[Place]:
    """The user's regions with the health of what is in them, those first that somebody has to look at."""
    regions = visible(Region.objects.all(), user)
    standings = Standing.objects.filter(endpoint__in=visible(Endpoint.objects.all(), user))
    if only:
        regions, standings = regions.filter(pk=only.pk), standings.filter(endpoint__region=only)
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for region, state, count in standings.values_list("endpoint__region_id", "state").annotate(Count("endpoint")):
        counts[region][state] = count
    each = defaultdict(list)
    if sum(found.total() for found in counts.values()) <= FEW_ENDPOINTS:
        for row in standings.select_related("endpoint").order_by("endpoint__name"):
            each[row.endpoint.region_id].append((row.endpoint, row.state))
    found = [_place(region, counts[region.pk], each[region.pk]) for region in regions]
    return sorted(found, key=lambda place: BADNESS.index(place.state))


def origins_of(flows: Iterable[Flow], regions: Mapping[int, Region]) -> list[Origin]:
    """Who goes where, by country, the most first. `regions`: of each endpoint; of others, answers are not told."""
    counted: dict[str, Counter[int]] = defaultdict(Counter)
    by_id = {region.pk: region for region in regions.values()}
    for flow in flows:
        if flow.endpoint_id in regions:
            counted[flow.country][regions[flow.endpoint_id].pk] += flow.count
    found = [
        Origin(country, of_it.total(), [(by_id[key], count / of_it.total()) for key, count in of_it.most_common()])
        for country, of_it in counted.items()
    ]
    return sorted(found, key=lambda origin: (-origin.count, origin.country))


def regions_of(flows: Iterable[Flow]) -> dict[int, Region]:
    """The region of each endpoint that is still there."""
    ids = {flow.endpoint_id for flow in flows}
    return {row.pk: row.region for row in Endpoint.objects.filter(id__in=ids).select_related("region")}


def world_map(
    places: Sequence[Place], sites: Iterable[Site], edges: Iterable[Edge], origins: Sequence[Origin]
) -> dict[str, Any]:
    """The map's marks, as the chart script reads them."""
    states = defaultdict(list)
    for edge in edges:
        states[edge.node.site_id].append(f"{edge.node.name}: {edge.state}")
    return {
        "regions": [_region_mark(place) for place in places],
        "sites": [_mark(site, nodes=states[site.pk]) for site in sites],
        "clients": [_client_mark(origin) for origin in origins if origin.country in known_countries()],
        "arcs": _arcs(origins),
    }


def _place(region: Region, counts: Counter[str], endpoints: list[tuple[Endpoint, str]]) -> Place:
    present = [state for state, count in counts.items() if count]
    return Place(region, together(present) if present else NONE, counts[UP], counts.total(), endpoints)


def _region_mark(place: Place) -> dict[str, Any]:
    endpoints = [f"{endpoint.name}: {state}" for endpoint, state in place.endpoints]
    said = endpoints or [f"{place.up} of {place.total} endpoints up"]
    return _mark(place.region, state=place.state, up=place.up, endpoints=said)


def _client_mark(origin: Origin) -> dict[str, Any]:
    known = known_countries()[origin.country]
    goes = [f"{share * 100:.0f} % to {region.name}" for region, share in origin.regions]
    place = {"name": known.name, "latitude": known.latitude, "longitude": known.longitude}
    return place | {"count": origin.count, "goes": goes}


def _arcs(origins: Sequence[Origin]) -> list[dict[str, Any]]:
    """From countries to regions, the heaviest last, so that it is drawn on top. `weight` is beside the heaviest."""
    known = known_countries()
    arcs = [
        (origin.count * share, known[origin.country], region)
        for origin in origins
        if origin.country in known
        for region, share in origin.regions
    ]
    heaviest = sorted(arcs, key=lambda arc: -arc[0])[:MOST_ARCS]
    return [
        {
            "latitudes": [country.latitude, region.latitude],
            "longitudes": [country.longitude, region.longitude],
            "weight": count / heaviest[0][0],
        }
        for count, country, region in reversed(heaviest)
    ]


def _mark(at: Region | Site, **more: object) -> dict[str, Any]:
    return {"name": at.name, "latitude": at.latitude, "longitude": at.longitude} | more


@cache
def known_countries() -> dict[str, Country]:
    """By ISO 3166-1 alpha-2."""
    return {
        code: Country(name, latitude, longitude)
        for code, _continent, name, latitude, longitude in responder.countries()
    }
