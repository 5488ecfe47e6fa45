"""An alarm of each part that the brake holds (P4).

Refusal that is held ─► Alarm ─► overview, health, alerts, metrics
gone: released and published, or taken back ─► the alarm is over
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from healthchecks.alarms import Concern, keep_alarms
from healthchecks.guard_models import Alarm
from snapshots.models import Refusal
from snapshots.settle import zones_of
from zones.models import Zone


def watch_held(now: datetime) -> None:
    """Have alarms about what is held now, in the transaction that holds it."""
    held = list(Refusal.objects.exclude(held=""))
    origins = zones_of(refusal.part for refusal in held)
    teams = dict(Zone.objects.filter(origin__in=origins).values_list("origin", "team_id")) if origins else {}
    keep_alarms(Alarm.Kind.PUBLICATION_HELD, {refusal.pk: _concern(refusal, teams) for refusal in held}, now)


def _concern(refusal: Refusal, teams: Mapping[str, int]) -> Concern:
    """Of policies, and of a zone that is gone, every one's."""
    team_id = next((teams.get(origin) for origin in zones_of([refusal.part])), None)
    return Concern(refusal.part, refusal.reason.removesuffix("."), team_id)  # no sentence, as of other alarms
