"""What alerts need to know of an alarm, whoever raises it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from accounts.models import Team
from healthchecks.guard_models import Alarm
from regions.models import Region

LATELY = timedelta(days=1)


@dataclass(frozen=True)
class AlarmSeen:
    """An alarm that lasts, or that ended lately. `id` is never given to another; `team_ids`: whom it concerns.

    `subject` is what it is about, as people know it, such as `quorum lost of web`.
    """

    id: int
    team_ids: frozenset[int]
    subject: str
    detail: str
    since: datetime
    until: datetime | None


def alarms(now: datetime) -> list[AlarmSeen]:
    """All that last, and those that ended within a day."""
    rows = Alarm.objects.filter(Q(until=None) | Q(until__gte=now - LATELY))
    shared = [row for row in rows if row.team_id is None]
    probing = _teams_by_vantage() if shared else {}
    everyone = frozenset(Team.objects.values_list("pk", flat=True)) if shared else frozenset()
    return [
        AlarmSeen(row.pk, _teams_of(row, probing, everyone), str(row), row.detail, row.since, row.until) for row in rows
    ]


def _teams_of(alarm: Alarm, probing: Mapping[str, set[int]], everyone: frozenset[int]) -> frozenset[int]:
    """Its own team; all, of what they share; or those that the vantage probes for: to others its name says nothing
    (healthchecks.alarms)."""
    if alarm.team_id is not None:
        return frozenset([alarm.team_id])
    return everyone if alarm.kind == Alarm.Kind.PUBLICATION_HELD else frozenset(probing.get(alarm.subject, ()))


def _teams_by_vantage() -> dict[str, set[int]]:
    teams: defaultdict[str, set[int]] = defaultdict(set)
    for name, team in Region.objects.filter(is_vantage=True).values_list("name", "team_id"):
        teams[f"vantage {name}"].add(team)
    return teams
