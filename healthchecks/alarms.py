"""Raising alarms, and ending those that are over. Of the same thing there is one at a time."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import Team
from healthchecks.guard_models import Alarm
from regions.models import Region


def raise_alarm(
    kind: Alarm.Kind, subject_id: int, subject: str, detail: str, now: datetime, team: Team | None = None
) -> None:
    """Raise an alarm about a subject; of one that has an alarm already, say how it is now."""
    alarm, is_new = Alarm.objects.get_or_create(
        kind=kind,
        subject_id=subject_id,
        until=None,
        defaults={"subject": subject, "detail": detail, "since": now, "team": team},
    )
    if not is_new and alarm.detail != detail:
        Alarm.objects.filter(pk=alarm.pk).update(detail=detail)


def end_alarms(kind: Alarm.Kind, subject_ids: Collection[int], now: datetime) -> None:
    """What these alarms were about is over."""
    Alarm.objects.filter(kind=kind, subject_id__in=subject_ids, until__isnull=True).update(until=now)


def alarms_of(team: Team) -> QuerySet[Alarm]:
    """The alarms that concern a team, the newest first: its own, and those about vantages that probe for it."""
    mine = Region.objects.filter(team=team, is_vantage=True).values_list("name", flat=True)
    vantages = Q(team__isnull=True, subject__in=[f"vantage {name}" for name in mine])
    return Alarm.objects.filter(Q(team=team) | vantages)
