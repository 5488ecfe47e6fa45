"""What the control worker does for accounts."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task

from accounts import idempotency, quotas
from accounts.login import password_reset, sessions, throttle


@shared_task
def send_password_reset(address: str) -> None:
    """Send whoever has this e-mail address a link to choose a password: here, so that asking tells nobody who has."""
    password_reset.send(address)


@shared_task
def forget_sign_ins() -> None:
    """Delete counts of attempts, and sessions, that are over."""
    now = datetime.now(UTC)
    throttle.forget(now)
    sessions.forget(now)


@shared_task
def forget_requests() -> None:
    """Delete answers that are kept for requests that come again, and counts of callers, that matter no more."""
    idempotency.forget(datetime.now(UTC))
    quotas.forget()
