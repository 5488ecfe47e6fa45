"""What the control worker does to judge what was learned; what needs snapshots as well is in snapshots.tasks."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from celery import shared_task

from latency import evaluation, judging, parity
from latency.capacity import fairness_reports

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


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other thread repeats turns. It may take minutes, and a worker's threads have more to do than that."""
    ours = _lock.acquire(blocking=False)
    try:
        yield ours
    finally:
        if ours:
            _lock.release()
