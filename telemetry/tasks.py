"""What the control worker does for telemetry."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task

from telemetry import services


@shared_task
def forget() -> None:
    """Delete counts that are too old for any chart."""
    services.forget(datetime.now(UTC))
