"""What the control worker does to judge what was learned, and workers of vantage regions for the latency map.

What needs snapshots as well is in snapshots.tasks.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from celery import shared_task
from django.conf import settings

from latency import evaluation, judging, parity
from latency.capacity import fairness_reports
from latency.vantage import measure

_lock = threading.Lock()


@shared_task
def check_parity() -> None:
    """Compare maps that edges were given with what the same turns give once more."""
    with _alone() as ours:
        if ours:
            parity.check_parity(datetime.now(UTC), secrets.randbelow(parity.DELTAS_SAMPLED))


@shared_task
def judge_models() -> None:
    """Decide on model versions that were proposed."""
    with _alone() as ours:
        if ours:
            judging.decide(datetime.now(UTC))


@shared_task
def watch() -> None:
    """Warn of predictions that no longer hold, and delete what is too old to say anything of them."""
    now = datetime.now(UTC)
    evaluation.warn(now)
    evaluation.forget(now)
    parity.forget(now)


@shared_task
def report_fairness() -> None:
    """Report how far away clients are served, by country and size of network."""
    fairness_reports.report_fairness(datetime.now(UTC))


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


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other thread repeats turns. It may take minutes, and a worker's threads have more to do than that."""
    ours = _lock.acquire(blocking=False)
    try:
        yield ours
    finally:
        if ours:
            _lock.release()
