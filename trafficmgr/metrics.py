"""The metrics of the control plane, in Prometheus' text format (docs/observability.md).

database ─► how learning is ─► families ─► text
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from latency.evaluation import RECENT, calibration, drifting, mismatches
from latency.services import newest_turn


def metrics(_request: HttpRequest) -> HttpResponse:
    """How learning is. No label grows, and nothing says who measured or asked."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Learning(datetime.now(UTC)))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class _Learning(Collector):
    def __init__(self, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        turn = newest_turn()
        found = calibration(self._now - RECENT, self._now).all
        if turn:
            yield _gauge("turn_age_seconds", "Since the last turn.", (self._now - turn[1]).total_seconds())
        yield _gauge("comparisons", "Measurements of the last hour that were predicted before.", found.count)
        if found.count:
            yield _gauge("bias", "Mean logarithm of measured over predicted, within an hour.", found.bias)
            yield _gauge("error_seconds", "Mean absolute error of predictions, within an hour.", found.error_ms / 1000)
        yield _gauge("drifts", "Alarms: predictions of so many regions no longer hold.", len(drifting(self._now)))
        yield _gauge(
            "parity_mismatches",
            "Alarms: comparisons of the last day that found maps to be others than their turns give.",
            len(mismatches(self._now)),
        )


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"trafficmgr_learning_{name}", meaning, value=value)
