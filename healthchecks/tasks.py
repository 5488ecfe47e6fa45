"""What beat has the workers do (schedule.py)."""

from __future__ import annotations

from datetime import UTC, datetime

from celery import shared_task
from django.conf import settings

from common.clock import database_time
from common.locks import WATCHING, alone
from healthchecks import leases, load_sources, services, watch
from healthchecks.probers import prober_of


@shared_task
def probe_tick(region_name: str) -> None:
    prober_of(region_name).tick()


@shared_task
def expire_leases() -> None:
    leases.expire(database_time())


@shared_task
def keep_watch() -> None:
    """At once only once: when there is much to settle, the next second's watch would do the same beside this one."""
    with alone(WATCHING) as is_ours:
        if is_ours:
            now = database_time()
            watch.keep_watch(now)
            services.reconcile(now)


@shared_task
def sync_schedule() -> None:
    services.sync_schedule()


@shared_task
def pull_loads() -> None:
    load_sources.pull_loads(datetime.now(UTC), allow_private=settings.PROBE_PRIVATE_ADDRESSES)


@shared_task
def prune() -> None:
    services.prune(datetime.now(UTC))
