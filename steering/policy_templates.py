"""Chains to begin a policy with: each for one purpose, with options that suit most, to be changed as one likes.

kind of traffic ──► template ──► steps as `save_policy` takes them
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import responder

Step = dict[str, Any]

SIFT: tuple[Step, ...] = ({"kind": "admin"}, {"kind": "healthy"})
"""Every template begins so: nobody is sent to what is disabled, draining or down."""
STABLE_WEIGHT = 19
"""Of endpoints without a weight, beside a canary of weight 1: with one endpoint each, it gets one client in twenty."""


class Place(NamedTuple):
    """A region, and where it is in degrees."""

    region: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class PolicyTemplate:
    """`use`: when to take it. `needs`: what it goes by, which pools or endpoints have to say."""

    slug: str
    title: str
    use: str
    needs: str
    steps: Callable[[Sequence[Place]], list[Step]]


def _fixed(*steps: Step) -> Callable[[Sequence[Place]], list[Step]]:
    return lambda _places: [dict(step) for step in (*SIFT, *steps)]


def _geo(places: Sequence[Place]) -> list[Step]:
    rules = [
        {"location": f"continent:{continent}", "regions": [region]} for continent, region in nearest_regions(places)
    ]
    return [*map(dict, SIFT), {"kind": "geo", "rules": rules, "default": "all"}, {"kind": "distance"}]


def nearest_regions(places: Sequence[Place]) -> list[tuple[str, str]]:
    """Each continent with the region that most of its countries are nearest to; none without regions."""
    votes: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for _code, continent, _name, latitude, longitude in responder.countries() if places else ():
        nearest = min(places, key=lambda place: _angle(latitude, longitude, place))
        votes[continent][nearest.region] += 1
    return [(continent, counted.most_common(1)[0][0]) for continent, counted in sorted(votes.items())]


def _angle(latitude: float, longitude: float, place: Place) -> float:
    """Of the great circle, by the law of cosines."""
    north, south = math.radians(latitude), math.radians(place.latitude)
    apart = math.cos(math.radians(longitude - place.longitude))
    return math.acos(max(-1.0, min(1.0, math.sin(north) * math.sin(south) + math.cos(north) * math.cos(south) * apart)))


TEMPLATES: tuple[PolicyTemplate, ...] = (
    PolicyTemplate(
        "failover",
        "Failover",
        "One endpoint serves everybody, and the next takes over while it is down.",
        "Give the members of the pool priorities: the lowest that is up serves.",
        _fixed({"kind": "priority"}),
    ),
    PolicyTemplate(
        "weighted",
        "Weighted",
        "Clients are split between endpoints in fixed shares, drawn anew for each TTL.",
        "Give the members of the pool weights, such as 70, 20 and 10; without any they share alike.",
        _fixed({"kind": "weighted"}),
    ),
    PolicyTemplate(
        "geo",
        "By country or continent",
        "Clients of a place are served from the regions that you name for it, such as for rules about data.",
        "Each continent is given its nearest region to begin with: change the rules to what you want.",
        _geo,
    ),
    PolicyTemplate(
        "nearest",
        "Nearest",
        "Clients are served by the nearest region, from the first day, with a second address to try.",
        "Regions say where they are, so nothing else is needed.",
        _fixed({"kind": "distance"}, {"kind": "first", "count": 2}),
    ),
    PolicyTemplate(
        "latency",
        "Lowest latency",
        "Clients are served where their round trip is shortest, by what real users measure.",
        "Put the beacon on your pages. Until it has measured, distance decides.",
        _fixed({"kind": "load"}, {"kind": "latency"}, {"kind": "explore", "percent": 1}),
    ),
    PolicyTemplate(
        "canary",
        "Canary",
        "A few clients try a new release, always the same ones, and all others stay where they are.",
        f"Choose the stable and the new pool, and give the new one weight 1: endpoints without a weight "
        f"count {STABLE_WEIGHT}, so one new beside one stable gets 5 % of the clients.",
        _fixed({"kind": "sticky", "weight": STABLE_WEIGHT}),
    ),
)

BY_SLUG = {template.slug: template for template in TEMPLATES}
