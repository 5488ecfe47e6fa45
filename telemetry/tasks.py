"""What the control worker does for telemetry."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task

from telemetry import services
from telemetry.rum import services as rum


@shared_task
def forget() -> None:
    """Delete counts that are too old for any chart."""
    services.forget(datetime.now(UTC))


@shared_task
def forget_beacons() -> None:
    """Delete measurements that nobody reads any more. Each minute: at full load there are a million of them."""
    rum.forget(datetime.now(UTC))
