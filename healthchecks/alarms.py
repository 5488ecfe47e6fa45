"""Raising alarms, and ending those that are over. Of the same thing there is one at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import Team
from healthchecks.guard_models import Alarm
from regions.models import Region

SUBJECT_LENGTH, DETAIL_LENGTH = 100, 200
EVERYONES = Q(kind=Alarm.Kind.PUBLICATION_HELD, team__isnull=True)
"""About what all teams share."""


@dataclass(frozen=True, slots=True)
class Concern:
    """What an alarm says. `team_id` None: it is every one's."""

    subject: str
    detail: str
    team_id: int | None = None


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


def keep_alarms(kind: Alarm.Kind, wanted: Mapping[int, Concern], now: datetime) -> None:
    """Have alarms of this kind about exactly these subjects: what others were about is over.

    In a fixed number of queries but for alarms whose words change.
    """
    known = dict(Alarm.objects.filter(kind=kind, until__isnull=True).values_list("subject_id", "detail"))
    if ended := known.keys() - wanted.keys():
        end_alarms(kind, ended, now)
    said = {subject_id: concern.detail[:DETAIL_LENGTH] for subject_id, concern in wanted.items()}
    fresh = [
        Alarm(
            kind=kind,
            subject_id=key,
            subject=concern.subject[:SUBJECT_LENGTH],
            detail=said[key],
            since=now,
            team_id=concern.team_id,
        )
        for key, concern in wanted.items()
        if key not in known
    ]
    Alarm.objects.bulk_create(fresh, ignore_conflicts=True)
    for key in known.keys() & said.keys():
        if known[key] != said[key]:
            Alarm.objects.filter(kind=kind, subject_id=key, until__isnull=True).update(detail=said[key])


def alarms_of(team: Team) -> QuerySet[Alarm]:
    """The alarms that concern a team, the newest first: its own, those about what all teams share, and those about
    vantages that probe for it."""
    mine = Region.objects.filter(team=team, is_vantage=True).values_list("name", flat=True)
    vantages = Q(team__isnull=True, subject__in=[f"vantage {name}" for name in mine])
    return Alarm.objects.filter(Q(team=team) | vantages | EVERYONES)
