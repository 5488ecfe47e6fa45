"""What beat sends, kept in step with the vantage regions.

Beat reads its schedule anew whenever a row changes, so rows are written only where they differ.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.db import transaction
from django_celery_beat.models import DAYS, MICROSECONDS, SECONDS, IntervalSchedule, PeriodicTask

from regions.models import Region

TICK_US = 500_000
"""Each tick allows the probes of twice as long, each at a moment of its own (prober.AHEAD_MS)."""
TICK_EXPIRES_S = 5
"""A backlog of ticks is dropped. Not shorter: beat and worker compare their wall clocks."""

TICK = "healthchecks.tasks.probe_tick"
MEASURE = "latency.tasks.measure_from"
MEASURE_EVERY_S = 60
CONTROL_QUEUE = "control"


@dataclass(frozen=True)
class Periodic:
    name: str
    task: str
    every: int
    period: str
    queue: str = CONTROL_QUEUE
    args: tuple[str, ...] = ()
    expire_seconds: int | None = None


CONTROL = [
    Periodic("health: keep watch", "healthchecks.tasks.keep_watch", 1, SECONDS, expire_seconds=5),
    Periodic("health: expire leases", "healthchecks.tasks.expire_leases", 1, SECONDS, expire_seconds=5),
    Periodic("health: pull loads", "healthchecks.tasks.pull_loads", 5, SECONDS, expire_seconds=5),
    Periodic("health: follow regions", "healthchecks.tasks.sync_schedule", 30, SECONDS, expire_seconds=30),
    Periodic("health: prune", "healthchecks.tasks.prune", 1, DAYS),
    Periodic("alerts: alert", "healthchecks.alerts.tasks.alert", 1, SECONDS, expire_seconds=5),
    Periodic("alerts: prune", "healthchecks.alerts.tasks.prune", 1, DAYS),
    Periodic(
        "history: keep partitions", "healthchecks.history.tasks.keep_partitions", 300, SECONDS, expire_seconds=300
    ),
    Periodic("history: roll up", "healthchecks.history.tasks.roll_up", 300, SECONDS, expire_seconds=300),
]
RETIRED = ["health: reconcile"]
"""What releases before had sent: it is part of keeping watch."""


def sync_schedule() -> None:
    """Have every vantage region's queue ticked, and no other. Can be called again and again."""
    names = Region.objects.filter(is_vantage=True).values_list("name", flat=True).distinct()
    wanted = [*CONTROL, *(periodic for name in sorted(names) for periodic in (_tick(name), _measure(name)))]
    with transaction.atomic():
        for periodic in wanted:
            _keep(periodic)
        PeriodicTask.objects.filter(name__in=RETIRED).delete()
        of_regions = PeriodicTask.objects.filter(task__in=[TICK, MEASURE])
        of_regions.exclude(name__in=[periodic.name for periodic in wanted]).delete()


def _tick(region_name: str) -> Periodic:
    return Periodic(
        f"probe from {region_name}",
        TICK,
        TICK_US,
        MICROSECONDS,
        queue=f"probe.{region_name}",
        args=(region_name,),
        expire_seconds=TICK_EXPIRES_S,
    )


def _measure(region_name: str) -> Periodic:
    return Periodic(
        f"measure from {region_name}",
        MEASURE,
        MEASURE_EVERY_S,
        SECONDS,
        queue=f"probe.{region_name}",
        args=(region_name,),
        expire_seconds=MEASURE_EVERY_S,
    )


def _keep(periodic: Periodic) -> None:
    interval, _created = IntervalSchedule.objects.get_or_create(every=periodic.every, period=periodic.period)
    values = {
        "task": periodic.task,
        "interval_id": interval.pk,
        "queue": periodic.queue,
        "args": json.dumps(periodic.args),
        "expire_seconds": periodic.expire_seconds,
    }
    if not PeriodicTask.objects.filter(name=periodic.name, **values).exists():
        PeriodicTask.objects.update_or_create(name=periodic.name, defaults=values)
