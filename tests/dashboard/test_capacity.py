"""What the page of capacities shows, and to whom."""

from __future__ import annotations

import pytest
from django.utils import timezone

from latency.capacity.models import FairnessReport
from regions.models import Region
from tests.latency.capacity.kept import keep_plan, loss_report, region_report


@pytest.fixture
def us(rivals):
    return Region.objects.create(team=rivals, name="us-east", latitude=39.0, longitude=-77.0)


@pytest.fixture
def plan(eu, us):
    reports = [region_report(eu.pk, load_after=1.25, price_ms=77.7), region_report(us.pk, load=None, load_after=None)]
    return keep_plan(timezone.now(), reports, [loss_report(us.pk, eu.pk)], status="overloaded")


def test_loads_shares_and_losses_are_shown(roots_browser, plan):
    page = roots_browser.get("/capacity/").content.decode()

    for shown in ("Overloaded", "still moving", "125 %", "77.7 ms", "of 60 %", "170 % at once", "+34.0 ms"):
        assert shown in page, shown
    assert 'width="100.00%"' in page, "a bar ends where its track does"


def test_a_team_sees_its_own_regions(adas_browser, plan):
    page = adas_browser.get("/capacity/").content.decode()

    assert "<td>eu" in page
    assert "us-east" not in page


def test_without_a_plan_the_page_says_what_is_missing(adas_browser):
    assert "No region says how loaded it is" in adas_browser.get("/capacity/").content.decode()


def test_who_is_how_far_away_is_shown_by_country_and_size_of_network(adas_browser):
    near = {"share": 0.7, "p50_before_ms": 20.0, "p95_before_ms": 41.5, "p50_after_ms": 20.0, "p95_after_ms": 41.5}
    far = {"share": 0.3, "p50_before_ms": 30.0, "p95_before_ms": 60.0, "p50_after_ms": 88.8, "p95_after_ms": 99.9}
    countries = [near | {"group": "FR", "is_worse": False}, far | {"group": "", "is_worse": True}]
    sizes = [near | {"group": "small", "is_worse": False}]
    FairnessReport.objects.create(made=timezone.now(), countries=countries, network_sizes=sizes)
    page = adas_browser.get("/capacity/").content.decode()

    for shown in ("France", "unknown", "small", "41.5 ms", "88.8 ms", "Worse"):
        assert shown in page, shown


def test_before_anybody_measures_nobody_is_said_to_be_far_away(adas_browser):
    assert "Who is how far away" not in adas_browser.get("/capacity/").content.decode()
