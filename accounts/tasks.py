"""What accounts have done by Celery."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from accounts import idempotency, quotas


@shared_task(ignore_result=True)
def forget_requests() -> None:
    """Delete answers and counts that matter no more."""
    idempotency.forget(timezone.now())
    quotas.forget()
