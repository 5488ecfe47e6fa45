"""What the control worker does for steering."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task

from steering import shadows


@shared_task
def forget_shadows() -> None:
    """Delete shadows that ended a day ago."""
    shadows.forget_shadows(datetime.now(UTC))
