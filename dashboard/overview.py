"""All that the overview shows, read at one moment for one user, in a bounded number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User
from dashboard.access import visible, visible_alarms
from dashboard.generations import refusals_for
from dashboard.lately import Event, latest
from dashboard.scope import Scope
from dashboard.traffic import PolicyTraffic, policy_traffic, queries_per_s
from dashboard.worldmap import MOST_COUNTRIES, Origin, Place, origins_of, places_of, regions_of, world_map
from healthchecks.guard_models import Alarm
from healthchecks.models import Transition
from healthchecks.standing_models import Standing
from regions.models import EdgeNode, Endpoint, Region, Site
from snapshots.fleet import Edge, edges_of, worst_first
from snapshots.models import Refusal, Snapshot
from steering.models import Binding, Policy
from telemetry.slices import AnswerTimes, answer_times, ends, flows

POLICIES_CHARTED = 6
ALARMS_SHOWN = 5
FAILING_SHOWN = 8
EDGES_SHOWN = 6
PLACES_SHOWN = 12
RECENT_S = 30
"""The rate of the last half minute is what "now" means: one bucket alone jumps."""


@dataclass(frozen=True)
class Failing:
    """An endpoint that somebody has to look at, and what changed it last, if that is kept."""

    standing: Standing
    transition: Transition | None


@dataclass(frozen=True)
class Overview:
    now: datetime
    scope: Scope
    places: list[Place]
    edges: list[Edge]
    traffic: list[PolicyTraffic]
    names: dict[int, Binding]
    origins: list[Origin]
    queries_per_s: list[float]
    answer_times: AnswerTimes
    failing: list[Failing]
    lately: list[Event]
    published: Snapshot | None
    refusals: list[Refusal]  # what cannot be served; of what is held there are alarms
    alarms: list[Alarm]
    figures: dict[str, Any]

    @property
    def rate(self) -> float:
        """Queries a second: of late, or over the last step where that is longer."""
        recent = max(1, RECENT_S // self.scope.span.step_s)
        return sum(self.queries_per_s[-recent:]) / recent

    @property
    def up(self) -> int:
        return sum(place.up for place in self.places)

    @property
    def endpoints(self) -> int:
        return sum(place.total for place in self.places)

    @property
    def missing(self) -> int:
        """Endpoints that are not up."""
        return self.endpoints - self.up

    @property
    def current_edges(self) -> int:
        return sum(edge.state == "current" for edge in self.edges)

    @property
    def worst_edges(self) -> list[Edge]:
        return worst_first(self.edges)[:EDGES_SHOWN]

    @property
    def first_places(self) -> list[Place]:
        """Those first that somebody has to look at."""
        return self.places[:PLACES_SHOWN]

    @property
    def first_origins(self) -> list[Origin]:
        return self.origins[:MOST_COUNTRIES]

    @property
    def is_empty(self) -> bool:
        """Nothing is declared yet."""
        return not self.places and not self.scope.is_narrow


def read_overview(user: User, now: datetime, scope: Scope) -> Overview:
    """What `user` sees at `now`."""
    places = places_of(user, scope.region)
    edges = edges_of(visible(EdgeNode.objects.all(), user), now)
    of, steered = scope.slice(now), scope.steered(now)
    traffic = [] if scope.problems else policy_traffic(_charted(scope, now), now, steered)
    seen = flows(steered)
    origins = [] if scope.problems else origins_of(seen, regions_of(seen))
    figures = {
        "map": world_map(places, visible(Site.objects.all(), user), edges, origins),
        "span": scope.span.words,
        "times": [step.isoformat() for step in of.steps],
        "policies": [policy_figure(found) for found in traffic],
    }
    alarms = list(visible_alarms(user).filter(until__isnull=True)[:ALARMS_SHOWN])
    told = {alarm.subject_id for alarm in alarms if alarm.kind == Alarm.Kind.PUBLICATION_HELD}
    return Overview(
        now=now,
        scope=scope,
        places=places,
        edges=edges,
        traffic=traffic,
        names=names_of([found.policy for found in traffic]),
        origins=origins,
        queries_per_s=queries_per_s(of),
        answer_times=answer_times(of.since, of.until),
        failing=failing_of(user, scope.region),
        lately=latest(user, scope.region),
        published=Snapshot.objects.defer("manifest").first(),
        refusals=[refusal for refusal in refusals_for(user) if refusal.pk not in told],
        alarms=alarms,
        figures=figures,
    )


def failing_of(user: User, region: Region | None) -> list[Failing]:
    """The endpoints that fail, the worst and newest first, each with its cause."""
    rows = Standing.objects.filter(endpoint__in=visible(Endpoint.objects.all(), user), rank__lt=2)
    if region:
        rows = rows.filter(endpoint__region=region)
    shown = list(rows.select_related("endpoint__region").order_by("rank", "-since", "endpoint__name")[:FAILING_SHOWN])
    told = Transition.objects.filter(endpoint_id__in=[row.endpoint_id for row in shown])
    last = {row.endpoint_id: row for row in told.order_by("endpoint_id", "-sequence").distinct("endpoint_id")}
    return [Failing(row, last.get(row.endpoint_id)) for row in shown]


def names_of(policies: Sequence[Policy]) -> dict[int, Binding]:
    """Of each policy the first name that it answers, which can be explained."""
    bindings = Binding.objects.filter(policy__in=policies).select_related("record_set__zone")
    return {row.policy_id: row for row in bindings.order_by("policy_id", "-id")}


def policy_figure(traffic: PolicyTraffic) -> dict[str, Any]:
    """The stacked areas of one policy, as the chart script reads them."""
    series = [{"name": found.name, "per_s": found.per_s} for found in traffic.endpoints]
    return {"id": traffic.policy.id, "series": series}


def _charted(scope: Scope, now: datetime) -> list[Policy]:
    """The busiest policies, and while there is room such as are not asked for at all."""
    ids = list(ends(scope.steered(now)))[:POLICIES_CHARTED]
    policies = {policy.pk: policy for policy in Policy.objects.filter(pk__in=ids)}
    quiet = Policy.objects.filter(pk__in=scope.policy_ids).exclude(pk__in=ids)[: POLICIES_CHARTED - len(ids)]
    return [policies[key] for key in ids if key in policies] + list(quiet)
