"""All that the page on latency shows: what was learned, how good it is, and by which model version."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from dashboard.access import visible
from dashboard.worldmap import known_countries
from latency.calibration import Drift, Sums
from latency.evaluation import (
    Calibration,
    CoveredCountry,
    CoveredRegion,
    answered_from_measured,
    calibration,
    covered_countries,
    drifting,
    mismatches,
    newest_parity,
)
from latency.models import LatencyDecision, LatencyModel, LatencyParity
from latency.services import newest_turn
from latency.versions import in_service
from regions.models import Region
from steering.models import Policy
from telemetry.buckets import bucket_of
from telemetry.services import Exploration, exploration

WINDOW = timedelta(hours=1)
POINT_S = 60
"""Of the exploration chart: in ten seconds hardly anybody explores."""
COUNTRIES_LISTED = 25
VERSIONS_LISTED = 10


@dataclass(frozen=True)
class RegionRow:
    """A region with what was compared within the hour, and what its estimates rest on over all countries."""

    region: Region
    sums: Sums
    clients: int
    served: int
    own: int
    youngest: datetime | None

    @property
    def own_share(self) -> float | None:
        """Of the clients that are known: those that measured this region themselves."""
        return self.own / self.clients if self.clients else None


@dataclass(frozen=True)
class CountryRow:
    """A country with what its estimates rest on, in shares of the pairs of client and region."""

    name: str
    country: CoveredCountry
    shares: list[tuple[str, float]]  # own, network, country, other


@dataclass(frozen=True)
class Version:
    """A model version, its newest decision, and whether it is in service or was."""

    model: LatencyModel
    decision: LatencyDecision | None
    in_service: bool
    was_in_service: bool


@dataclass(frozen=True)
class LatencyPage:
    now: datetime
    turn: tuple[int, datetime] | None
    calibration: Calibration
    drifts: list[tuple[str, Drift]]
    parity: LatencyParity | None
    mismatches: list[LatencyParity]
    regions: list[RegionRow]
    countries: list[CountryRow]
    versions: list[Version]
    answered_from_measured: float | None
    explored: float | None
    figures: dict[str, Any]
    clients: int  # networks that ever measured
    may_promote: bool


def read_latency(user: User, now: datetime) -> LatencyPage:
    """What `user` sees at `now`."""
    regions = list(visible(Region.objects.order_by("pk"), user))
    names = {region.pk: region.name for region in regions}
    found, covered = calibration(now - WINDOW, now), covered_countries(now)
    policies = list(visible(Policy.objects.all(), user).values_list("pk", flat=True))
    explored = exploration(policies, bucket_of(now - WINDOW, POINT_S), bucket_of(now, POINT_S))
    return LatencyPage(
        now=now,
        turn=newest_turn(),
        calibration=found,
        drifts=_drifts(now, names),
        parity=newest_parity(),
        mismatches=mismatches(now),
        regions=[_region_row(region, found.regions.get(region.pk, Sums()), covered) for region in regions],
        countries=[_country_row(country) for country in covered[:COUNTRIES_LISTED]],
        versions=_versions(now),
        answered_from_measured=answered_from_measured(covered),
        explored=_share(explored),
        figures={"times": [], "policies": [], "latency": _figures(regions, found, covered, explored)},
        clients=sum(country.clients for country in covered),
        may_promote=user.is_superuser,
    )


def parameters_in_service(now: datetime) -> str:
    """All that learning goes by at `now`, as JSON that can be proposed with changes."""
    return json.dumps(in_service(now).parameters, indent=2)


def _drifts(now: datetime, names: Mapping[int, str]) -> list[tuple[str, Drift]]:
    """Alarms with the name of the region; those of others' regions are theirs to see."""
    named = [("all regions" if each.region_id is None else names.get(each.region_id), each) for each in drifting(now)]
    return [(name, drift) for name, drift in named if name]


def _region_row(region: Region, sums: Sums, covered: Sequence[CoveredCountry]) -> RegionRow:
    rows = [row for country in covered for row in country.regions if row.region_id == region.pk]
    clients, served, own = (sum(getattr(row, name) for row in rows) for name in ("clients", "served", "own"))
    youngest = max((row.youngest for row in rows if row.youngest), default=None)
    return RegionRow(region, sums, clients, served, own, youngest)


def _country_row(country: CoveredCountry) -> CountryRow:
    pairs = sum(row.clients for row in country.regions)
    counts = Counter[str]()
    for row in country.regions:
        counts.update(own=row.own, network=row.network, country=row.country, other=row.other)
    shares = [(name, counts[name] / pairs) for name in ("own", "network", "country", "other")] if pairs else []
    return CountryRow(_country_name(country.country), country, shares)


def _versions(now: datetime) -> list[Version]:
    current = in_service(now)
    models = LatencyModel.objects.select_related("created_by").prefetch_related("promotions", "decisions__incumbent")
    return [
        Version(model, next(iter(model.decisions.all()), None), model == current, bool(model.promotions.all()))
        for model in models.order_by("-pk")[:VERSIONS_LISTED]
    ]


def _share(explored: Sequence[Exploration]) -> float | None:
    answers = sum(each.count for each in explored)
    return sum(each.explored for each in explored) / answers if answers else None


def _figures(
    regions: Sequence[Region], found: Calibration, covered: Sequence[CoveredCountry], explored: Sequence[Exploration]
) -> dict[str, Any]:
    """The charts of the page, as static/js/latency.js reads them. Regions keep their place, and so their colour."""
    places = {region.pk: place for place, region in enumerate(regions)}
    return {
        "regions": [{"name": each.name, "latitude": each.latitude, "longitude": each.longitude} for each in regions],
        "countries": [mark for country in covered for mark in _country_marks(country, places)],
        "deciles": [decile._asdict() for decile in found.deciles],
        "explored": _points(explored),
    }


def _country_marks(country: CoveredCountry, places: Mapping[int, int]) -> list[dict[str, Any]]:
    """A mark for the country where the world knows where it is; its colour is that of the region that serves most."""
    known = known_countries().get(country.country)
    serving = [row for row in country.regions if row.served and row.region_id in places]
    if known is None or not serving:
        return []
    most = max(serving, key=lambda row: (row.served, -places[row.region_id]))
    return [
        {
            "name": known.name,
            "latitude": known.latitude,
            "longitude": known.longitude,
            "clients": country.clients,
            "region": places[most.region_id],
            "served": [[places[row.region_id], row.served] for row in sorted(serving, key=_most_first)],
        }
    ]


def _most_first(row: CoveredRegion) -> int:
    return -row.served


def _points(explored: Sequence[Exploration]) -> list[dict[str, Any]]:
    """A share for each minute that had answers."""
    counts, of_them = Counter[datetime](), Counter[datetime]()
    for each in explored:
        minute = bucket_of(each.bucket, POINT_S)
        counts[minute] += each.count
        of_them[minute] += each.explored
    return [{"time": minute.isoformat(), "share": of_them[minute] / counts[minute]} for minute in sorted(counts)]


def _country_name(code: str) -> str:
    known = known_countries().get(code)
    return known.name if known else code or "unknown"
