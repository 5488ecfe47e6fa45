"""The outbox: what is due is taken by one worker, sent outside of any transaction, and kept until a receiver took it.

    pending, due, the oldest of its channel ── take ─► ours for LEASE ── send ─► settle: sent, failed or again later

A worker that dies in between leaves its lease to run out, and the message is sent again: at least once, in order. The
receiver tells one from another by the id, which stays the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from healthchecks.alerts.backoff import is_final, next_try
from healthchecks.alerts.messages import test_message
from healthchecks.alerts.models import Attempt, Channel, Delivery, DeliveryState
from healthchecks.alerts.sending import TIMEOUT_S, Answer

LEASE = timedelta(seconds=6 * TIMEOUT_S)
MOST_ERROR = 200
PENDING = DeliveryState.PENDING


def take(now: datetime, most: int) -> list[Attempt]:
    """Take deliveries whose turn has come, `most` at once: each attempt is the caller's to make within LEASE."""
    oldest = Delivery.objects.filter(state=PENDING).order_by("channel_id", "id").distinct("channel_id").values("pk")
    due = Delivery.objects.filter(pk__in=oldest, next_try__lte=now, channel__enabled=True)
    candidates = due.select_related("channel").order_by("next_try")[:most]
    return [attempt for delivery in candidates if (attempt := _take(delivery, now))]


def settle(attempt: Attempt, answer: Answer, now: datetime, chance: float) -> None:
    """Note what came of an attempt. One that took longer than its lease changes nothing: another has followed."""
    delivery = attempt.delivery
    again = None
    if answer.error and not is_final(answer.status_code):
        again = next_try(delivery.attempts, delivery.created, now, chance)
    state = DeliveryState.SENT if not answer.error else PENDING if again else DeliveryState.FAILED
    error = answer.error[:MOST_ERROR]
    with transaction.atomic():
        Attempt.objects.filter(pk=attempt.pk).update(ended=now, status_code=answer.status_code, error=error)
        Delivery.objects.filter(pk=delivery.pk, state=PENDING, attempts=delivery.attempts).update(
            state=state,
            next_try=again,
            status_code=answer.status_code,
            error=error,
            finished=None if again else now,
        )


def resend(delivery: Delivery, now: datetime) -> Delivery:
    """Send the same message once more, as a delivery of its own."""
    return Delivery.objects.create(
        team_id=delivery.team_id,
        channel_id=delivery.channel_id,
        rule_name=delivery.rule_name,
        message=delivery.message,
        created=now,
        next_try=now,
    )


def send_test(channel: Channel, now: datetime) -> Delivery:
    """Send a message that says that messages arrive."""
    message = test_message(channel.team.name, channel.name, now)
    return Delivery.objects.create(team=channel.team, channel=channel, message=message, created=now, next_try=now)


def _take(delivery: Delivery, now: datetime) -> Attempt | None:
    """None: another worker was faster."""
    with transaction.atomic():
        ours = Delivery.objects.filter(pk=delivery.pk, state=PENDING, next_try=delivery.next_try)
        if not ours.update(next_try=now + LEASE, attempts=F("attempts") + 1):
            return None
        delivery.attempts += 1
        return Attempt.objects.create(delivery=delivery, began=now)
