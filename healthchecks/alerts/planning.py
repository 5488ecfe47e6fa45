"""From incidents and notices to messages in the outbox: in one transaction with the note that they were told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, Min, Q

from healthchecks.alerts.event_models import Notice
from healthchecks.alerts.grouping import Group, Timing, due
from healthchecks.alerts.messages import MOST_LISTED, News, alert, happened
from healthchecks.alerts.models import AlertRule, Delivery, Incident, Voice
from healthchecks.alerts.quiet import QuietHours

UNTOLD = Q(told_opened=None) | Q(closed__isnull=False, told_closed=None)


def plan(now: datetime) -> int:
    """Have every rule say what it has to say by now; returns how many spoke."""
    of_incidents = Incident.objects.filter(UNTOLD | Q(closed=None)).values("rule")
    of_notices = Notice.objects.filter(told=None).values("rule")
    concerned = Q(pk__in=of_incidents) | Q(pk__in=of_notices)
    rules = AlertRule.objects.filter(concerned, enabled=True).select_related("team").order_by("pk")
    return sum(_speak(rule, now) for rule in rules)


def timing_of(rule: AlertRule) -> Timing:
    quiet = None
    if rule.quiet_from and rule.quiet_until and not rule.urgent:
        quiet = QuietHours(rule.quiet_from, rule.quiet_until, ZoneInfo(rule.time_zone))
    return Timing(
        wait=timedelta(seconds=rule.wait_s),
        window=timedelta(seconds=rule.window_s),
        repeat=timedelta(seconds=rule.repeat_s) if rule.repeat_s else None,
        quiet=quiet,
        muted_until=rule.muted_until,
    )


def _speak(rule: AlertRule, now: datetime) -> bool:
    Voice.objects.get_or_create(rule=rule)
    with transaction.atomic():
        voice = Voice.objects.select_for_update(skip_locked=True).filter(rule=rule).first()
        if voice is None:
            return False  # another worker speaks for it
        incidents = list(rule.incidents.filter(UNTOLD | Q(closed=None)).order_by("opened", "pk"))
        done = _Done.untold(rule)
        moment = due(_group(incidents, done, voice), timing_of(rule))
        if moment is None or moment > now:
            return False
        _tell(rule, incidents, done, now)
        voice.spoke = now
        voice.save(update_fields=["spoke"])
    return True


@dataclass(frozen=True)
class _Done:
    """What was done and is not told yet: how much, since when, and the newest of it, up to which it will be told."""

    count: int
    since: datetime | None
    newest: int | None

    @classmethod
    def untold(cls, rule: AlertRule) -> _Done:
        found = rule.notices.filter(told=None).aggregate(count=Count("pk"), since=Min("at"), newest=Max("pk"))
        return cls(**found)


def _group(incidents: list[Incident], done: _Done, voice: Voice) -> Group:
    opened = [incident.opened for incident in incidents if incident.told_opened is None]
    closed = [incident.closed for incident in incidents if incident.told_opened and incident.closed]
    lasts = any(incident.told_opened and not incident.closed for incident in incidents)
    waiting = [*opened, *closed, *([done.since] if done.since else [])]
    return Group(min(waiting, default=None), voice.spoke, lasts)


def _tell(rule: AlertRule, incidents: list[Incident], done: _Done, now: datetime) -> None:
    notices = rule.notices.filter(told=None, pk__lte=done.newest or 0)
    recovered = [incident for incident in incidents if incident.closed]
    news = News(
        opened=[incident for incident in incidents if not incident.closed and not incident.told_opened],
        recovered=recovered,
        lasting=[incident for incident in incidents if not incident.closed and incident.told_opened],
        happened=[happened(notice, settings.PUBLIC_URL) for notice in notices.order_by("pk")[:MOST_LISTED]],
        happened_count=done.count,
    )
    message = alert(rule.team.name, rule.name, news, now)
    Delivery.objects.bulk_create(
        Delivery(team=rule.team, channel=channel, rule_name=rule.name, message=message, created=now, next_try=now)
        for channel in rule.channels.filter(enabled=True)
    )
    Incident.objects.filter(pk__in=[incident.pk for incident in incidents], told_opened=None).update(told_opened=now)
    # Notices are numbered as they are taken in, by one worker at a time: none of these numbers is yet to come.
    notices.update(told=now)
    # Not what has been closed since it was read: nobody has been told of that.
    Incident.objects.filter(pk__in=[incident.pk for incident in recovered]).update(told_closed=now)
