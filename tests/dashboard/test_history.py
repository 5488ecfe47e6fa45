"""What probes saw, on pages."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from dashboard.history import MOST_ASSIGNMENTS
from healthchecks.history.minute_log import MinuteLog
from healthchecks.history.partitions import keep_partitions
from healthchecks.history.storing import store_minutes
from healthchecks.models import Check
from healthchecks.probes import Outcome
from healthchecks.services import assign
from regions.models import Endpoint


@pytest.fixture
def check(ops, eu, fra_1, iad_1):
    """Watches fra-1 and iad-1: ten minutes ago each was probed once, and iad-1 failed."""
    now = datetime.now(UTC)
    keep_partitions(now)
    check = Check.objects.create(team=ops, name="web", kind="http")
    assign(check, [fra_1, iad_1])
    log, moment = MinuteLog(), (now - timedelta(minutes=10)).timestamp()
    outcomes = {fra_1: Outcome(True, "status 200", 20.0), iad_1: Outcome(False, "refused", 1.0)}
    for endpoint, outcome in outcomes.items():
        log.note((check.assignments.get(endpoint=endpoint).pk, 4, eu.pk), outcome, moment)
    store_minutes(1, log.ended(moment + 60))
    return check


def figures(page):
    found = re.search(r'<script id="history-figures" type="application/json">(.*?)</script>', page)
    assert found
    return json.loads(found[1])


def test_an_endpoint_has_a_panel_for_each_check_and_a_line_for_each_vantage(adas_browser, check, fra_1):
    page = adas_browser.get(f"/endpoints/{fra_1.pk}/history/").content.decode()

    assert "web over IPv4" in page
    assert "100.00 %" in page
    ((line,),) = figures(page)["panels"]
    assert line["vantage"] == "eu"
    assert [value for value in line["p50_ms"] if value] == [pytest.approx(20, rel=0.05)]
    assert len(line["p50_ms"]) == len(figures(page)["times"]), "what was not probed is a gap"


def test_a_check_adds_up_its_endpoints(adas_browser, check):
    page = adas_browser.get(f"/checks/{check.pk}/history/").content.decode()

    assert "All endpoints over IPv4" in page
    assert "50.00 %" in page


@pytest.mark.parametrize(("asked", "points"), [("1h", 60), ("90d", 90 * 4), ("nonsense", 6 * 60)])
def test_the_stretch_is_chosen(adas_browser, check, asked, points):
    page = adas_browser.get(f"/checks/{check.pk}/history/", {"span": asked}).content.decode()

    assert len(figures(page)["times"]) in {points, points + 1}


def test_many_endpoints_over_a_day_are_read_by_the_hour(adas_browser, check, ops, eu):
    many = [Endpoint(team=ops, name=f"many-{n}", region=eu, ipv4=f"192.0.2.{n}") for n in range(MOST_ASSIGNMENTS - 2)]
    assign(check, [*check.endpoints.all(), *Endpoint.objects.bulk_create(many)])
    shown = figures(adas_browser.get(f"/checks/{check.pk}/history/", {"span": "24h"}).content.decode())

    assert len(shown["times"]) in {24, 25}
    assert [value for value in shown["panels"][0][0]["availability"] if value is not None] == [0.5]


def test_a_check_of_too_many_endpoints_is_not_added_up_while_someone_waits(adas_browser, check, ops, eu):
    many = [Endpoint(team=ops, name=f"many-{n}", region=eu, ipv4=f"192.0.2.{n}") for n in range(MOST_ASSIGNMENTS + 1)]
    assign(check, Endpoint.objects.bulk_create(many))

    assert "too many endpoints" in adas_browser.get(f"/checks/{check.pk}/history/").content.decode()


def test_pages_ask_for_the_history(adas_browser, check, fra_1):
    assert f"/endpoints/{fra_1.pk}/history/" in adas_browser.get(f"/endpoints/{fra_1.pk}/").content.decode()
    assert f"/checks/{check.pk}/history/" in adas_browser.get(f"/checks/{check.pk}/").content.decode()
