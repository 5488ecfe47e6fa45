"""What a web process counts, for who has an API token."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.lean import Message, Receive, Scope, Send
from api.metrics import MeasuredApplication, note
from healthchecks.alerts.models import Channel
from healthchecks.alerts.services import send_test
from healthchecks.models import Check, SeenCertificate
from healthchecks.services import assign
from latency.calibration import ENOUGH
from latency.models import LatencyCalibration, LatencyParity, LatencyTurn
from regions.models import EdgeNode, Site
from snapshots.models import Snapshot
from telemetry.models import UnlearnedBeacons
from telemetry.report import Report
from telemetry.rum.judging import Reason
from telemetry.rum.services import Outcome
from telemetry.services import record_report


@pytest.fixture
def scraped(api):
    """Samples by name and labels."""

    def scrape():
        response = api.get("/metrics")
        assert (response.status_code, response["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        families = text_string_to_metric_families(response.content.decode())
        return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}

    return scrape


def test_without_a_token_nobody_reads_it(client, db):
    assert client.get("/metrics").status_code == 401


def test_beacons_are_counted_by_what_became_of_them(scraped):
    before = scraped()
    note(Outcome(497, Counter({Reason.DUPLICATE: 2, Reason.FORGED: 1})))
    after = scraped()

    gained = {key: value - before.get(key, 0) for key, value in after.items() if "beacons" in key[0]}
    assert gained["trafficmgr_beacons_accepted_total",] == 497
    assert gained["trafficmgr_beacons_refused_total", "duplicate"] == 2
    assert gained["trafficmgr_beacons_refused_total", "forged"] == 1


def test_the_map_has_an_age_once_there_is_one(scraped):
    assert ("trafficmgr_latency_map_age_seconds",) not in scraped()
    LatencyTurn.objects.create(number=1, made=datetime.now(UTC) - timedelta(seconds=90), full=True, intake=b"")
    UnlearnedBeacons.objects.create(added=datetime.now(UTC), gains=b"")

    assert scraped()["trafficmgr_latency_map_age_seconds",] == pytest.approx(90, abs=30)
    assert scraped()["trafficmgr_unlearned_batches",] == 1


def test_messages_that_nobody_has_taken_are_counted(scraped, ops):
    assert scraped()["trafficmgr_alert_deliveries_waiting",] == 0
    channel = Channel.objects.create(team=ops, name="mail", kind="email", recipients=["ada@example.com"])
    send_test(channel, datetime.now(UTC) - timedelta(seconds=90))

    assert scraped()["trafficmgr_alert_deliveries_waiting",] == 1
    assert scraped()["trafficmgr_alert_deliveries_oldest_seconds",] == pytest.approx(90, abs=30)


@pytest.fixture
def edge_1(ops):
    site = Site.objects.create(team=ops, name="fra", latitude=50, longitude=8)
    return EdgeNode.objects.create(team=ops, name="edge-1", site=site, token_digest="x")


def test_edges_are_counted_by_how_they_are_and_the_slowest_is_told(scraped, edge_1):
    empty = scraped()
    assert (empty["trafficmgr_edges", "never"], empty["trafficmgr_edges", "current"]) == (1, 0)
    Snapshot.objects.create(generation=2, manifest="{}", changes=[])
    Snapshot.objects.update(created=datetime.now(UTC) - timedelta(seconds=90))
    report = Report(boot_id=uuid4(), sequence=1, generation=1, health_sequence=0, version="1", queries=0, answers=[])
    record_report(edge_1, report, datetime.now(UTC))

    seen = scraped()
    assert (seen["trafficmgr_edges", "never"], seen["trafficmgr_edges", "behind"]) == (0, 1)
    assert seen["trafficmgr_edges_behind_seconds",] == pytest.approx(90, abs=30)


def test_requests_are_counted_by_their_door_and_never_by_what_they_ask_for(scraped):
    async def answering(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def ignore(*_message: Message) -> Any:
        return {}

    before = scraped()
    for path in ("/rum/v1/beacons", "/api/v1/x", "/made/up", "/made-up"):
        asyncio.run(MeasuredApplication(answering)({"type": "http", "path": path}, ignore, ignore))
    after = scraped()

    requests = {key: value - before.get(key, 0) for key, value in after.items() if "requests_total" in key[0]}
    assert {key[1:]: value for key, value in requests.items() if value} == {
        ("rum", "404"): 1,
        ("api", "404"): 1,
        ("pages", "404"): 2,
    }
    assert (
        after["trafficmgr_web_seconds_count", "pages"] - before.get(("trafficmgr_web_seconds_count", "pages"), 0) == 2
    )


def learning(samples: dict[tuple[str, ...], float]) -> dict[str, float]:
    prefix = "trafficmgr_learning_"
    return {name.removeprefix(prefix): value for (name, *_), value in samples.items() if name.startswith(prefix)}


def test_before_anything_is_learned_nothing_is_wrong(scraped):
    assert learning(scraped()) == {"comparisons": 0, "drifts": 0, "parity_mismatches": 0}


def test_alarms_are_gauges(scraped):
    now = datetime.now(UTC)
    LatencyCalibration.objects.create(
        bucket=now - timedelta(minutes=10), region_id=1, country="", bin=1, count=ENOUGH, predicted_log=0,
        ratio_log=693 * ENOUGH, ratio_log_absolute=693 * ENOUGH, ratio_log_square=693**2 * ENOUGH,
        error_us=20_000 * ENOUGH, newest=now,
    )  # fmt: skip
    LatencyParity.objects.create(
        checked=now, since_turn=1, until_turn=7, maps=2, octets=9, mismatches=1, first_mismatch=4
    )
    found = learning(scraped())

    assert (found["comparisons"], found["drifts"], found["parity_mismatches"]) == (ENOUGH, 1, 1)
    assert found["bias"] == pytest.approx(0.693)
    assert found["error_seconds"] == pytest.approx(0.02)


def test_the_certificate_that_ends_first_is_told_of_each_check(scraped, ops, eu, fra_1):
    assert not [key for key in scraped() if "certificate" in key[0]]
    check = Check.objects.create(team=ops, name="web", kind="tls")
    assign(check, [fra_1])
    now = datetime.now(UTC)
    SeenCertificate.objects.create(
        assignment=check.assignments.get(), family=4, vantage=eu, since=now,
        not_after=now + timedelta(days=9), problem="self-signed certificate",
    )  # fmt: skip

    found = scraped()
    assert found["trafficmgr_certificate_days_left", "web", "ops"] == pytest.approx(9, abs=0.1)
    assert found["trafficmgr_certificates_unverified", "web", "ops"] == 1
