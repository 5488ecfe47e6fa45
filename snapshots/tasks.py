"""What the control worker does for snapshots."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task
from django.conf import settings
from django.db import DatabaseError

from latency.capacity.services import Limits
from snapshots import services


@shared_task(
    name=services.PUBLISH_TASK, autoretry_for=(DatabaseError,), retry_backoff=True, retry_kwargs={"max_retries": 3}
)
def publish() -> None:
    """Publish what is declared; also run every few seconds, for requests that were lost."""
    services.publish(datetime.now(UTC))


@shared_task
def prune() -> None:
    """Forget old generations and their chunks."""
    services.prune()


@shared_task
def learn_latency() -> None:
    """Take what users measured since the last time into the latency map."""
    services.learn_latency(datetime.now(UTC))


@shared_task
def plan_capacity() -> None:
    """Plan who is served elsewhere so that no region has more to do than it can."""
    limits = Limits(settings.CAPACITY_MOVED, settings.CAPACITY_COST_MS)
    services.plan_capacity(datetime.now(UTC), limits)


@shared_task
def refresh_flattened_names() -> None:
    """Look up again the names outside our zones that edges need addresses for."""
    services.refresh_flattened_names(datetime.now(UTC))
