"""What a web process counts, for who has an API token."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.lean import Message, Receive, Scope, Send
from api.metrics import MeasuredApplication, note
from latency.models import LatencyMap, LatencyTurn
from telemetry.models import UnlearnedBeacons
from telemetry.rum.judging import Reason
from telemetry.rum.services import Outcome


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
    LatencyMap.objects.create(sequence=1, base=0, content=b"", created=datetime.now(UTC) - timedelta(seconds=90))
    UnlearnedBeacons.objects.create(added=datetime.now(UTC), gains=b"")

    assert scraped()["trafficmgr_latency_map_age_seconds",] == pytest.approx(90, abs=30)
    assert scraped()["trafficmgr_unlearned_batches",] == 1
    assert not LatencyTurn.objects.exists()


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
