"""What others ask of alerts."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, Min, Q

from healthchecks.alerts.delivering import resend, send_test
from healthchecks.alerts.event_models import Notice
from healthchecks.alerts.models import AlertRule, Delivery, DeliveryState, Incident
from healthchecks.alerts.planning import plan
from healthchecks.alerts.taking_in import take_in

__all__ = ["mute", "plan", "prune", "resend", "send_test", "take_in", "waiting"]

KEEP = timedelta(days=30)


def waiting(now: datetime) -> tuple[int, float]:
    """How many deliveries wait to be taken, and for how many seconds the oldest of them has."""
    pending = Delivery.objects.filter(state=DeliveryState.PENDING, channel__enabled=True)
    found = pending.aggregate(count=Count("pk"), oldest=Min("created"))
    return found["count"], (now - found["oldest"]).total_seconds() if found["oldest"] else 0.0


def mute(rule: AlertRule, now: datetime, span: timedelta) -> None:
    """Have a rule say nothing for a span of time, and then all that came meanwhile; no span: have it speak again."""
    rule.muted_until = now + span if span else None
    rule.save(update_fields=["muted_until", "updated"])


def prune(now: datetime) -> None:
    """Delete deliveries, incidents and notices that are over for longer than KEEP."""
    Delivery.objects.filter(finished__lt=now - KEEP).delete()
    Notice.objects.filter(Q(told__lt=now - KEEP) | Q(rule__enabled=False, at__lt=now - KEEP)).delete()
    Incident.objects.filter(Q(told_closed__isnull=False) | Q(rule__enabled=False), closed__lt=now - KEEP).delete()
