"""The capacity plan in force, over REST."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from latency.capacity.models import FairnessReport
from regions.models import Region
from tests.latency.capacity.kept import keep_plan, loss_report, region_report

URL = "/api/v1/capacity"


@pytest.fixture
def us(rivals):
    return Region.objects.create(team=rivals, name="us", latitude=39.0, longitude=-77.0)


@pytest.fixture
def asia(ops):
    return Region.objects.create(team=ops, name="asia", latitude=1.3, longitude=103.8)


@pytest.fixture
def plan(eu, us, asia):
    losses = [loss_report(eu.pk, us.pk), loss_report(asia.pk, eu.pk)]
    reports = [region_report(region.pk, load=None) for region in (eu, us, asia)]
    return keep_plan(timezone.now() - timedelta(seconds=30), reports, losses)


def test_a_plan_says_how_regions_are_and_what_if_one_were_lost(api, plan):
    told = api.get(URL).json()

    assert (told["status"], told["is_held_back"], told["away"], told["rtt_after_ms"]) == ("within", True, 0.3, 29.5)
    assert [report["region"] for report in told["regions"]] == ["eu", "asia"]
    assert told["regions"][0].items() >= {"load": None, "load_before": 1.2, "load_after": 0.8, "price_ms": 12.5}.items()
    assert [(loss["region"], loss["cost_planned_ms"]) for loss in told["losses"]] == [("eu", 34.0), ("asia", 34.0)]
    assert told["losses"][1]["overloads"] == [{"region": "eu", "load_at_once": 1.7, "load_planned": 1.1}]


def test_another_teams_regions_are_not_told_of(api, rival_api, plan):
    assert [report["region"] for report in rival_api.get(URL).json()["regions"]] == ["us"]
    assert api.get(URL).json()["losses"][0]["overloads"] == []


def test_without_a_plan_it_is_said_why(api, eu, refused):
    keep_plan(timezone.now() - timedelta(minutes=11), [region_report(eu.pk)], [])

    assert "no endpoint has said how loaded it is" in refused(api.get(URL), 404)["detail"]


def test_fairness_is_told_by_country_and_size_of_network(api, refused):
    assert "takes measurements of users" in refused(api.get("/api/v1/fairness"), 404)["detail"]
    figures = {"p50_before_ms": 20.0, "p95_before_ms": 50.0, "p50_after_ms": 20.0, "p95_after_ms": 70.0}
    row = figures | {"group": "FR", "share": 0.4, "is_worse": True}
    FairnessReport.objects.create(made=timezone.now(), countries=[row], network_sizes=[row | {"group": "small"}])

    told = api.get("/api/v1/fairness").json()

    assert told["countries"] == [row]
    assert [group["group"] for group in told["network_sizes"]] == ["small"]
