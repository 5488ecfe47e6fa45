"""All that the overview shows, read at one moment for one user, in a bounded number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User
from dashboard.access import visible, visible_alarms
from dashboard.traffic import PolicyTraffic, buckets_until, policy_traffic, queries_per_s
from dashboard.worldmap import Place, places_of, world_map
from healthchecks.guard_models import Alarm
from healthchecks.models import Transition
from regions.models import EdgeNode, Endpoint, Site
from snapshots.fleet import Edge, edges_of
from snapshots.models import Refusal, Snapshot
from steering.models import Policy

RECENT_TRANSITIONS = 8
POLICIES_CHARTED = 6
ALARMS_SHOWN = 5
RECENT_BUCKETS = 3
"""The rate of the last half minute is what "now" means: one bucket alone jumps."""


@dataclass(frozen=True)
class Overview:
    now: datetime
    places: list[Place]
    edges: list[Edge]
    traffic: list[PolicyTraffic]
    queries_per_s: list[float]
    transitions: list[Transition]
    published: Snapshot | None
    refusals: list[Refusal]
    alarms: list[Alarm]
    figures: dict[str, Any]

    @property
    def rate(self) -> float:
        """Queries a second, now."""
        return sum(self.queries_per_s[-RECENT_BUCKETS:]) / RECENT_BUCKETS

    @property
    def up(self) -> int:
        return sum(place.up for place in self.places)

    @property
    def endpoints(self) -> int:
        return sum(len(place.endpoints) for place in self.places)

    @property
    def missing(self) -> int:
        """Endpoints that are not up."""
        return self.endpoints - self.up

    @property
    def current_edges(self) -> int:
        return sum(edge.state == "current" for edge in self.edges)

    @property
    def is_empty(self) -> bool:
        """Nothing is declared yet."""
        return not self.places


def read_overview(user: User, now: datetime) -> Overview:
    """What `user` sees at `now`."""
    places = places_of(user)
    edges = edges_of(visible(EdgeNode.objects.all(), user), now)
    traffic = policy_traffic(list(visible(Policy.objects.all(), user)), now)[:POLICIES_CHARTED]
    rates = queries_per_s(now)
    figures = {
        "map": world_map(places, visible(Site.objects.all(), user), edges, now),
        "times": [bucket.isoformat() for bucket in buckets_until(now)],
        "policies": [policy_figure(found) for found in traffic],
    }
    return Overview(
        now=now,
        places=places,
        edges=edges,
        traffic=traffic,
        queries_per_s=rates,
        transitions=_transitions(user),
        published=Snapshot.objects.defer("manifest").first(),
        refusals=list(Refusal.objects.all()),
        alarms=list(visible_alarms(user).filter(until__isnull=True)[:ALARMS_SHOWN]),
        figures=figures,
    )


def policy_figure(traffic: PolicyTraffic) -> dict[str, Any]:
    """The stacked areas of one policy, as the chart script reads them."""
    series = [{"name": found.name, "per_s": found.per_s} for found in traffic.endpoints]
    return {"id": traffic.policy.id, "series": series}


def _transitions(user: User) -> list[Transition]:
    mine = visible(Endpoint.objects.all(), user).values("id")
    return list(Transition.objects.filter(endpoint_id__in=mine)[:RECENT_TRANSITIONS])
