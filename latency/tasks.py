"""What beat has the workers of vantage regions do for the latency map (healthchecks/schedule.py)."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task
from django.conf import settings

from latency.vantage import measure


@shared_task
def measure_from(region_name: str) -> None:
    """Measure for the networks that this worker is in, if it says any."""
    measure(
        region_name,
        settings.VANTAGE_PREFIXES,
        datetime.now(UTC),
        allow_private=settings.PROBE_PRIVATE_ADDRESSES,
        stream=settings.RUM_STREAM,
    )
