"""What alerts need to know of an alarm, whoever raises it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from healthchecks.guard_models import Alarm

LATELY = timedelta(days=1)


@dataclass(frozen=True)
class AlarmSeen:
    """An alarm that lasts, or that ended lately. `id` is never given to another; `team_id` None: it concerns everyone.

    `subject` is what it is about, as people know it, such as `quorum lost of web`.
    """

    id: int
    team_id: int | None
    subject: str
    detail: str
    since: datetime
    until: datetime | None


def alarms(now: datetime) -> list[AlarmSeen]:
    """All that last, and those that ended within a day."""
    rows = Alarm.objects.filter(Q(until=None) | Q(until__gte=now - LATELY))
    return [AlarmSeen(row.pk, row.team_id, str(row), row.detail, row.since, row.until) for row in rows]
