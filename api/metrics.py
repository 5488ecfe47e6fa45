"""The metrics of a web process, in Prometheus' text format (docs/observability.md).

    request ─► MeasuredApplication ─► requests by door, time to the first octet ─┐
    beacons ─► note() ─► accepted, refused by reason ────────────────────────────┼─► GET /metrics, with an API token
    database ─► how learning is, what waits to be learned from ──────────────────┘

No label holds anything that a client sends; a check's is its name. The processes of one `trafficmgr web --workers N`
share their counters in files of a directory that `PROMETHEUS_MULTIPROC_DIR` names, so it does not matter which of them
answers.
"""

from __future__ import annotations

import os
import time
from collections import Counter as Counted
from collections.abc import Iterator
from datetime import datetime

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from rest_framework.request import Request

from api.acting import ActingView
from api.lean import Application, Message, Receive, Scope, Send
from healthchecks.alerts.services import waiting
from healthchecks.guard_models import Alarm, VantageHealth
from healthchecks.services import certificates_by_check
from healthchecks.wellness import Condition
from latency.evaluation import RECENT, calibration, drifting, mismatches
from latency.services import newest_turn
from regions.models import EdgeNode
from snapshots.fleet import edges_of, tally
from telemetry.rum.services import Outcome, unlearned

SHARED = "PROMETHEUS_MULTIPROC_DIR"
DOORS = ("api", "edge", "push", "rum", "static")
PAGES = "pages"
BOUNDS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)

REGISTRY = CollectorRegistry(auto_describe=False)
REQUESTS = Counter("trafficmgr_web_requests", "Requests answered.", ("door", "status"), registry=REGISTRY)
DURATION = Histogram(
    "trafficmgr_web_seconds", "From a request to its first octet.", ("door",), registry=REGISTRY, buckets=BOUNDS_S
)
ACCEPTED = Counter("trafficmgr_beacons_accepted", "Measurements that count.", registry=REGISTRY)
REFUSED = Counter("trafficmgr_beacons_refused", "Measurements that do not count.", ("reason",), registry=REGISTRY)


def note(outcome: Outcome) -> None:
    """Counts what became of measurements."""
    ACCEPTED.inc(outcome.accepted)
    for reason, count in outcome.refused.items():
        REFUSED.labels(reason.value).inc(count)


def door_of(path: str) -> str:
    """The first part of a URL's path, if it is a door of programs; all else are pages."""
    first = path.lstrip("/").partition("/")[0]
    return first if first in DOORS else PAGES


class MeasuredApplication:
    """An ASGI application whose requests are counted, and timed until their first octet."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        door, began_s = door_of(scope["path"]), time.perf_counter()

        async def measured(message: Message) -> None:
            if message["type"] == "http.response.start":
                REQUESTS.labels(door, str(message["status"])).inc()
                DURATION.labels(door).observe(time.perf_counter() - began_s)
            await send(message)

        await self._application(scope, receive, measured)


class MetricsView(ActingView):
    """For Prometheus: `authorization: {type: Token, credentials: …}` in its scrape configuration."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """What this web process counts."""
        page = generate_latest(_shared() if os.environ.get(SHARED) else REGISTRY)
        known = CollectorRegistry(auto_describe=False)
        known.register(_Known(timezone.now()))
        return HttpResponse(page + generate_latest(known), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _shared() -> CollectorRegistry:
    """What all processes have put into the directory."""
    registry = CollectorRegistry(auto_describe=False)
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


class _Known(Collector):
    """What the database says at a moment."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        yield _gauge("unlearned_batches", "Batches that nobody has learned from yet.", unlearned())
        count, oldest_s = waiting(self._now)
        yield _gauge("alert_deliveries_waiting", "Messages to channels that were not taken yet.", count)
        yield _gauge("alert_deliveries_oldest_seconds", "For how long the oldest of them has waited.", oldest_s)
        turn = newest_turn()
        if turn is not None:
            age_s = (self._now - turn[1]).total_seconds()
            yield _gauge("latency_map_age_seconds", "Since the newest latency map was made.", age_s)
        yield from self._guards()
        yield from self._fleet()
        yield from self._learning()
        yield from self._certificates()

    def _guards(self) -> Iterator[Metric]:
        """How well health is believed."""
        well = GaugeMetricFamily("trafficmgr_vantage_well", "1: its votes count.", labels=["vantage"])
        lag = GaugeMetricFamily("trafficmgr_vantage_lag_seconds", "How late it probes at worst.", labels=["vantage"])
        p99 = GaugeMetricFamily(
            "trafficmgr_vantage_lag_p99_seconds", "How late 99 of 100 probes begin at most.", labels=["vantage"]
        )
        out = GaugeMetricFamily(
            "trafficmgr_vantage_probes_left_out",
            "For want of time, in the second before its last heartbeat.",
            labels=["vantage"],
        )
        age = GaugeMetricFamily("trafficmgr_vantage_heartbeat_age_seconds", "Since its last.", labels=["vantage"])
        for vantage in VantageHealth.objects.all():
            well.add_metric([vantage.name], vantage.condition == Condition.WELL)
            lag.add_metric([vantage.name], vantage.lag_ms / 1000)
            p99.add_metric([vantage.name], vantage.lag_p99_ms / 1000)
            out.add_metric([vantage.name], vantage.left_out)
            age.add_metric([vantage.name], (self._now - vantage.beat).total_seconds())
        alarms = GaugeMetricFamily("trafficmgr_alarms", "Alarms that are not over.", labels=["kind"])
        found = Counted(Alarm.objects.filter(until__isnull=True).values_list("kind", flat=True))
        for kind in Alarm.Kind:
            alarms.add_metric([kind.value], found[kind.value])
        yield from (well, lag, p99, out, age, alarms)

    def _fleet(self) -> Iterator[Metric]:
        """How edges are."""
        edges = edges_of(EdgeNode.objects.all(), self._now)
        states = GaugeMetricFamily("trafficmgr_edges", "Edge nodes by how they are.", labels=["state"])
        for state, count in tally(edges).items():
            states.add_metric([state], count)
        yield states
        heard = [edge for edge in edges if edge.state in ("current", "behind")]
        behind_s = max((edge.behind_s or 0.0 for edge in heard), default=0.0)
        yield _gauge("edges_behind_seconds", "Of the slowest edge in contact: since what it lacks.", behind_s)

    def _learning(self) -> Iterator[Metric]:
        """How well learning goes."""
        found = calibration(self._now - RECENT, self._now).all
        yield _gauge("learning_comparisons", "Measurements of the last hour that were predicted before.", found.count)
        if found.count:
            yield _gauge("learning_bias", "Mean logarithm of measured over predicted, within an hour.", found.bias)
            error_s = found.error_ms / 1000
            yield _gauge("learning_error_seconds", "Mean absolute error of predictions, within an hour.", error_s)
        drifts = len(drifting(self._now))
        yield _gauge("learning_drifts", "Alarms: predictions of so many regions no longer hold.", drifts)
        yield _gauge(
            "learning_parity_mismatches",
            "Alarms: comparisons of the last day that found maps to be others than their turns give.",
            len(mismatches(self._now)),
        )

    def _certificates(self) -> Iterator[Metric]:
        """By check: one of each endpoint would be too many, and which it is the pages say."""
        of = ("team", "check")
        days = GaugeMetricFamily(
            "trafficmgr_certificate_days_left", "Of the certificate of a check that ends first.", labels=of
        )
        unverified = GaugeMetricFamily(
            "trafficmgr_certificates_unverified", "Views of vantages whose chain or name do not verify.", labels=of
        )
        for found in certificates_by_check():
            days.add_metric((found.team, found.check), found.days_left(self._now))
            unverified.add_metric((found.team, found.check), found.unverified)
        yield from (days, unverified)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"trafficmgr_{name}", meaning, value=value)
