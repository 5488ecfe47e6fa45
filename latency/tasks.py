"""What the control worker does for latency; what needs snapshots as well is in snapshots.tasks."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task

from latency.capacity import fairness_reports


@shared_task
def report_fairness() -> None:
    """Report how far away clients are served, by country and size of network."""
    fairness_reports.report_fairness(datetime.now(UTC))
