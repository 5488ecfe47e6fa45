"""What beat has the workers do (healthchecks.schedule)."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task

from healthchecks.history import partitions, rollup


@shared_task
def keep_partitions() -> None:
    partitions.keep_partitions(datetime.now(UTC))


@shared_task
def roll_up() -> None:
    rollup.roll_up(datetime.now(UTC))
