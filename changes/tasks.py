"""What the control worker does for changes."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task

from changes import services


@shared_task
def publish_due() -> None:
    """Publish what is scheduled for now, and note which generation has what was published."""
    now = datetime.now(UTC)
    services.publish_due(now)
    services.note_generations(now)
