"""What beat has the workers do (healthchecks.schedule)."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task

from healthchecks.alerts import services
from healthchecks.alerts.alarms import alarms
from healthchecks.alerts.courier import Courier

_courier = Courier()


@shared_task
def alert() -> None:
    """Take in what has happened, say what is to be said, send what is due."""
    now = datetime.now(UTC)
    services.take_in(now, alarms(now))
    services.plan(now)
    _courier.deliver()


@shared_task
def prune() -> None:
    services.prune(datetime.now(UTC))
