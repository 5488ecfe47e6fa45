"""Slices of the counts: over a quarter of an hour and over a week, of some policies, a region or a country."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Team
from regions.models import EdgeNode, Endpoint, Region, Site
from telemetry.models import LongCount, QueryCount
from telemetry.report import Report
from telemetry.services import forget, record_report
from telemetry.slices import OTHERS, Flow, Slice, answer_times, answered_by, ends, flows, stepped, totals

NOW = datetime(2026, 11, 21, 8, 0, 7, tzinfo=UTC)
SHORT, LONG = (timedelta(minutes=15), 10), (timedelta(hours=24), 600)
WWW, API, STATIC = 5, 6, 0


@pytest.fixture
def node(db):
    team = Team.objects.create(name="ops")
    site = Site.objects.create(team=team, name="fra", latitude=50, longitude=8)
    return EdgeNode.objects.create(team=team, site=site, name="local", token_digest="local")


@pytest.fixture
def fra_1(node):
    eu = Region.objects.create(team=node.team, name="eu", latitude=50, longitude=8)
    return Endpoint.objects.create(team=node.team, name="fra-1", region=eu, ipv4="192.0.2.1")


def answered(node: EdgeNode, at: datetime, *answers: tuple[int, int, str, int], times: list[tuple[int, int]] = []):  # noqa: B006 - read alone
    counts = [
        {"policy": policy, "endpoint": endpoint, "country": country, "rcode": 0, "count": count}
        for policy, endpoint, country, count in answers
    ]
    said = {
        "boot_id": "6f1c0000-0000-4000-8000-000000000001",
        "sequence": int(at.timestamp()),
        "generation": 1,
        "health_sequence": 1,
        "version": "1",
        "queries": 1,
        "answers": counts,
        "condition": {"uptime_s": 1.0, "answer_times": times},
    }
    assert record_report(node, Report.model_validate(said, strict=False), at)


@pytest.mark.parametrize("length", [SHORT, LONG])
def test_a_slice_has_what_was_answered_in_its_whole_steps(node, length):
    answered(node, NOW - timedelta(minutes=14), (WWW, 10, "DE", 3), (WWW, 11, "FR", 1), (STATIC, 0, "", 9))
    answered(node, NOW, (WWW, 10, "DE", 100))
    found = Slice.before(NOW, *length)

    assert sum(totals(found).values()) == 13
    assert [(row.policy_id, row.endpoint_id, row.count) for row in stepped(found, [10])] == [
        (WWW, OTHERS, 1),
        (WWW, 10, 3),
    ]
    assert {row.at for row in stepped(found, [])} <= set(found.steps)
    assert flows(found) == [Flow("DE", 10, 3), Flow("FR", 11, 1)]


def test_a_slice_is_of_policies_of_a_country_and_of_a_region(node, fra_1):
    at = NOW - timedelta(minutes=1)
    answered(node, at, (WWW, fra_1.id, "DE", 3), (WWW, fra_1.id, "FR", 5), (WWW, 4711, "DE", 1), (API, 4711, "DE", 30))

    def counted(**only: Any) -> int:
        return sum(row.count for row in stepped(replace(Slice.before(NOW, *SHORT), **only), []))

    assert counted() == 39
    assert counted(policy_ids=[WWW]) == 9
    assert counted(country="FR") == 5
    assert counted(region_id=fra_1.region_id) == 8
    assert counted(policy_ids=[API], region_id=fra_1.region_id) == 0
    assert ends(Slice.before(NOW, *SHORT)) == {API: {4711: 30}, WWW: {fra_1.id: 8, 4711: 1}}
    assert list(ends(Slice.before(NOW, *SHORT))) == [API, WWW], "the busiest first"


def test_answers_of_an_endpoint_are_told_by_bucket_and_policy(node):
    answered(node, NOW - timedelta(seconds=30), (WWW, 10, "DE", 3), (WWW, 10, "FR", 2), (API, 11, "DE", 7))

    [row] = answered_by([10], NOW - timedelta(minutes=1), NOW)
    assert (row.policy_id, row.count) == (WWW, 5)


def test_half_of_the_answers_and_all_but_one_in_a_hundred_are_within_a_bound(node):
    answered(node, NOW - timedelta(minutes=2), times=[(24_576, 60), (49_152, 39)])
    answered(node, NOW - timedelta(minutes=1), times=[(1_048_576, 1)])
    found = answer_times(NOW - timedelta(minutes=15), NOW)

    assert (found.answers, found.p50_ms, found.p99_ms) == (100, 0.024576, 0.049152)


def test_what_is_beyond_every_bound_has_no_figure(node):
    answered(node, NOW - timedelta(minutes=1), times=[(0, 9), (24_576, 1)])
    found = answer_times(NOW - timedelta(minutes=15), NOW)

    assert (found.answers, found.p50_ms) == (10, None)
    assert answer_times(NOW - timedelta(days=2), NOW - timedelta(days=1)).answers == 0


def test_long_buckets_outlive_the_short_ones_and_go_after_a_week(node):
    answered(node, NOW - timedelta(days=2), (WWW, 10, "DE", 3), times=[(24_576, 1)])
    answered(node, NOW - timedelta(hours=23), (WWW, 10, "DE", 4))

    forget(NOW)
    assert QueryCount.objects.count() == 1, "of the last day"
    assert sum(totals(Slice.before(NOW, timedelta(days=7), 3600)).values()) == 7
    forget(NOW + timedelta(days=5, hours=12))
    assert [row.count for row in LongCount.objects.all()] == [4]
