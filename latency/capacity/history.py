"""The demand of regions over time: written by each plan, read by forecasts and their chart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np

from latency.arrays import Floats, Indices
from latency.capacity.forecast import NEEDED, STEP_S
from latency.capacity.models import RegionDemand
from telemetry.buckets import bucket_of

KEPT = timedelta(days=8)
STEP = timedelta(seconds=STEP_S)


def record(now: datetime, per_s: Mapping[int, float]) -> None:
    """Keep what regions are asked for, by id; the last of a step counts."""
    rows = [RegionDemand(step=bucket_of(now, STEP_S), region_id=region, per_s=rate) for region, rate in per_s.items()]
    RegionDemand.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["step", "region_id"], update_fields=["per_s"]
    )
    RegionDemand.objects.filter(step__lt=now - KEPT).delete()


def recorded(ids: Indices, now: datetime) -> tuple[list[datetime], Floats]:
    """The steps until the last whole one, and the demand of regions (T, R) then, NaN where none was recorded."""
    last = bucket_of(now, STEP_S) - STEP
    steps = [last - STEP * (NEEDED - 1 - number) for number in range(NEEDED)]
    found = np.full((NEEDED, len(ids)), np.nan)
    rows = RegionDemand.objects.filter(step__gte=steps[0], step__lte=last, region_id__in=ids.tolist())
    for step, region, per_s in rows.values_list("step", "region_id", "per_s"):
        found[(step - steps[0]) // STEP, np.searchsorted(ids, region)] = per_s
    return steps, found
