"""What the control worker does for telemetry."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task
from django.conf import settings

from telemetry import services
from telemetry.rum import services as rum
from telemetry.rum.stream import oldest


@shared_task
def forget() -> None:
    """Delete counts that are too old for any chart."""
    services.forget(datetime.now(UTC))


@shared_task
def forget_beacons() -> None:
    """Delete measurements that nobody reads any more. Each minute: at full load there are a million of them."""
    url = settings.RUM_STREAM
    rum.forget(datetime.now(UTC), oldest(url) if url else None)
