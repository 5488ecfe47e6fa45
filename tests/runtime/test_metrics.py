"""The metrics of the web process: how learning is, in Prometheus' format."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from latency.calibration import ENOUGH
from latency.models import LatencyCalibration, LatencyParity, LatencyTurn


def values() -> dict[str, float]:
    response = Client().get("/metrics")
    assert response.headers["Content-Type"].startswith("text/plain")
    lines = [line.split() for line in response.content.decode().splitlines() if not line.startswith("#")]
    return {name.removeprefix("trafficmgr_learning_"): float(value) for name, value in lines}


def test_before_anything_is_learned_nothing_is_wrong(db):
    assert values() == {"comparisons": 0, "drifts": 0, "parity_mismatches": 0}


def test_alarms_are_gauges(db):
    now = datetime.now(UTC)
    LatencyTurn.objects.create(number=1, made=now - timedelta(seconds=30), full=True, intake=b"")
    LatencyCalibration.objects.create(
        bucket=now - timedelta(minutes=10), region_id=1, country="", bin=1, count=ENOUGH, predicted_log=0,
        ratio_log=693 * ENOUGH, ratio_log_absolute=693 * ENOUGH, ratio_log_square=693**2 * ENOUGH,
        error_us=20_000 * ENOUGH, newest=now,
    )  # fmt: skip
    LatencyParity.objects.create(
        checked=now, since_turn=1, until_turn=7, maps=2, octets=9, mismatches=1, first_mismatch=4
    )
    found = values()

    assert found["turn_age_seconds"] == pytest.approx(30, abs=10)
    assert (found["comparisons"], found["drifts"], found["parity_mismatches"]) == (ENOUGH, 1, 1)
    assert found["bias"] == pytest.approx(0.693)
    assert found["error_seconds"] == pytest.approx(0.02)
