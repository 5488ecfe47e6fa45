"""Counts beacons, and reads what was counted."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Sum

from telemetry.buckets import BUCKET_S, bucket_of
from telemetry.models import BeaconWindow, CountedBeacon, RefusedBeacons, UnlearnedBeacons
from telemetry.rum.clients import network_of
from telemetry.rum.gains import Gains, packed, unpacked
from telemetry.rum.judging import LATE_S, MAX_COUNT, Judged, Observation, Reason
from telemetry.rum.ledger import Cell, add_refused, add_sketches, keep_gains, take_gains, take_new
from telemetry.rum.sketch import LOG_UNITS, Sketch
from telemetry.rum.stream import append

KEPT = timedelta(hours=24)
REMEMBERED = timedelta(seconds=LATE_S + 60)
"""Clocks of web processes may be a minute apart."""
ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch: measurements that now count, and the others by the reason why they do not."""

    accepted: int
    refused: Counter[Reason]


@dataclass(frozen=True, slots=True)
class Window:
    """Measurements of one client network, such as 203.0.113.0/24, about one endpoint, from `start` on for BUCKET_S."""

    start: datetime
    network: str
    endpoint_id: int
    sketch: Sketch


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements of one endpoint: how many, their mean (geometric), and the end of the youngest window with one."""

    endpoint_id: int
    count: int
    mean_rtt_ms: float
    newest: datetime


def record(judged: Judged, now: datetime) -> Outcome:
    """Count what was judged, once each. When this returns it is committed; raised or lost, nothing of it is."""
    reasons = Counter(judged.refused)
    with transaction.atomic():
        new = take_new(judged.observations)
        sketches = sketches_of(new)
        added = add_sketches(sketches)
        keep_gains(packed(added), now)
        accepted = sum(sketch.count for sketch in added.values())
        reasons[Reason.DUPLICATE] += len(judged.observations) - len(new)
        reasons[Reason.CAPPED] += len(new) - accepted
        add_refused(reasons, bucket_of(now))
    return Outcome(accepted, +reasons)


def take_in(judged: Judged, now: datetime, stream: str | None) -> Outcome:
    """Count what was judged, or with the URL of a stream leave that to who reads it (telemetry.rum.counting).

    Then copies and what is capped are found there, and counted as refused. Raises stream.StreamError.
    """
    if stream is None:
        return record(judged, now)
    append(stream, judged)
    return Outcome(len(judged.observations), +judged.refused)


def sketches_of(observations: Sequence[Observation]) -> dict[Cell, Sketch]:
    """Observations by what they are about; of each no more than a window takes."""
    rtts_ms: defaultdict[Cell, list[float]] = defaultdict(list)
    for _seen_s, _identity, window_s, prefix, endpoint_id, rtt_ms in observations:
        rtts_ms[window_s, prefix, endpoint_id].append(rtt_ms)
    return {cell: Sketch.of(measured[:MAX_COUNT]) for cell, measured in rtts_ms.items()}


def gains(most: int) -> Gains:
    """What windows have gained since the last call, by the order in which it was committed, about `most` rows at most.

    Each gain is handed out once, to the one whose transaction commits: call it within one.
    """
    return unpacked(take_gains(most * Gains.ROW_OCTETS))


def unlearned() -> int:
    """How many batches have added to windows and wait for who learns from them."""
    return UnlearnedBeacons.objects.count()


def windows(since: datetime, until: datetime) -> Iterator[Window]:
    """Every window that starts within [since, until), by its start, then network and endpoint.

    Windows still grow for judging.LATE_S after their start: gains() says by what.
    """
    rows = BeaconWindow.objects.filter(start__gte=since, start__lt=until).order_by("start", "prefix", "endpoint_id")
    columns = ("start", "prefix", "endpoint_id", "count", "log_sum", "log_square_sum", "bins_1", "bins_2", "bins_3")
    for start, prefix, endpoint_id, count, log_sum, log_square_sum, *words in rows.values_list(*columns).iterator(
        ROWS_AT_ONCE
    ):
        sketch = Sketch(count, log_sum, log_square_sum, Sketch.histogram_of(words))
        yield Window(start, network_of(prefix), endpoint_id, sketch)


def measured(endpoint_ids: Collection[int], since: datetime, until: datetime) -> list[Measured]:
    """Measurements of these endpoints in windows that start within [since, until); without those that have none."""
    span = BeaconWindow.objects.filter(start__gte=since, start__lt=until, endpoint_id__in=endpoint_ids)
    rows = span.values_list("endpoint_id").annotate(Sum("count"), Sum("log_sum"), Max("start")).order_by("endpoint_id")
    return [
        Measured(endpoint_id, count, math.exp(log_sum / count / LOG_UNITS), newest + timedelta(seconds=BUCKET_S))
        for endpoint_id, count, log_sum, newest in rows
    ]


def refused(since: datetime, until: datetime) -> dict[str, int]:
    """Beacons that came within buckets that start within [since, until) and did not count, by reason."""
    rows = RefusedBeacons.objects.filter(bucket__gte=since, bucket__lt=until).values_list("reason")
    return dict(rows.annotate(Sum("count")).order_by("reason"))


def forget(now: datetime, waiting_since: datetime | None = None) -> int:
    """Delete what is too old to be read, and beacons whose copies nobody would believe. Returns how many rows.

    `waiting_since`: when the oldest batch that is not counted was judged; what could be a copy of it is kept.
    """
    copies_since = min(now, waiting_since or now) - REMEMBERED
    old = [
        BeaconWindow.objects.filter(start__lt=now - KEPT),
        RefusedBeacons.objects.filter(bucket__lt=now - KEPT),
        CountedBeacon.objects.filter(seen__lt=copies_since),
        UnlearnedBeacons.objects.filter(added__lt=now - REMEMBERED),
    ]
    return sum(rows.delete()[0] for rows in old)
