"""What changed lately, of all kinds in one list: what was published, what went down or up, what operators forced."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from dashboard.access import visible
from dashboard.generations import told_to
from healthchecks.guard_models import ForcedState
from healthchecks.models import Transition
from regions.models import Endpoint, Region
from snapshots.models import Snapshot

MOST_EVENTS = 10


@dataclass(frozen=True)
class Event:
    """One of the three is given."""

    at: datetime
    snapshot: Snapshot | None = None
    transition: Transition | None = None
    forced: ForcedState | None = None


def latest(user: User, region: Region | None = None) -> list[Event]:
    """The newest events, the newest first; of one region if given, and then no publications, which are everywhere."""
    endpoints = visible(Endpoint.objects.all(), user)
    if region:
        endpoints = endpoints.filter(region=region)
    transitions = Transition.objects.filter(endpoint_id__in=endpoints.values("id"))[:MOST_EVENTS]
    forced = ForcedState.objects.filter(endpoint__in=endpoints).select_related("endpoint")[:MOST_EVENTS]
    snapshots = [] if region else told_to(user, Snapshot.objects.defer("manifest")[:MOST_EVENTS])
    events = [Event(row.at, transition=row) for row in transitions]
    events += [Event(row.since, forced=row) for row in forced]
    events += [Event(row.created, snapshot=row) for row in snapshots]
    return sorted(events, key=lambda event: event.at, reverse=True)[:MOST_EVENTS]
