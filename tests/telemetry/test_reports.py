"""Reports of edges: each counts once, and nothing malformed counts at all."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from pydantic import ValidationError

from accounts.models import Team
from regions.models import EdgeNode, Site
from telemetry.models import NetworkCount, NodeReport, QueryCount, ShadowCount
from telemetry.report import Report
from telemetry.services import (
    countries,
    exploration,
    forget,
    networks,
    rates,
    rcodes,
    record_report,
    split,
    tried,
)

NOW = datetime(2026, 11, 21, 8, 0, 7, tzinfo=UTC)
BOOT = UUID("6f1c0000-0000-4000-8000-000000000001")
HOUR = (NOW - timedelta(hours=1), NOW + timedelta(hours=1))
FRA, IAD, WWW = 10, 11, 5


@pytest.fixture
def node(db):
    return a_node()


def a_node(name: str = "local") -> EdgeNode:
    team, _ = Team.objects.get_or_create(name="ops")
    site, _ = Site.objects.get_or_create(team=team, name="fra", latitude=50, longitude=8)
    return EdgeNode.objects.create(team=team, site=site, name=name, token_digest=name)


def count(endpoint: int = FRA, number: int = 1, **fields: object) -> dict[str, object]:
    return {"policy": WWW, "endpoint": endpoint, "country": "DE", "rcode": 0, "count": number} | fields


def network(number: int, count: int = 1, policy: int = WWW) -> dict[str, int]:
    return {"policy": policy, "network": number, "count": count}


def shadow(count: int = 1, **fields: object) -> dict[str, object]:
    return {"shadow": 7, "country": "DE", "endpoint": FRA, "shadow_endpoint": IAD, "count": count} | fields


def written(*answers: dict[str, object], **fields: object) -> dict[str, object]:
    report = {
        "boot_id": str(BOOT),
        "sequence": 1,
        "generation": 3,
        "health_sequence": 4,
        "version": "0.1.0",
        "queries": 9,
    }
    return report | {"answers": list(answers)} | fields


def a_report(*answers: dict[str, object], **fields: object) -> Report:
    return Report.model_validate(written(*answers, **fields))


def test_a_report_counts_in_its_bucket_and_says_how_the_node_is(node):
    assert record_report(node, a_report(count(FRA, 7), count(IAD, 2)), NOW)

    assert {row.endpoint_id: row.count for row in QueryCount.objects.all()} == {FRA: 7, IAD: 2}
    assert {row.bucket.second for row in QueryCount.objects.all()} == {0}
    report = NodeReport.objects.get(node=node)
    assert (report.generation, report.health_sequence, report.queries, report.reported) == (3, 4, 9, NOW)


def test_reports_of_one_bucket_add_up(node):
    record_report(node, a_report(count(FRA, 7)), NOW)
    record_report(node, a_report(count(FRA, 5), sequence=2), NOW + timedelta(seconds=1))

    assert [row.count for row in QueryCount.objects.all()] == [12]


def test_a_report_sent_again_counts_once(node):
    report = a_report(count(FRA, 7))

    assert record_report(node, report, NOW)
    assert not record_report(node, report, NOW)
    assert [row.count for row in QueryCount.objects.all()] == [7]


def test_a_report_that_arrives_twice_at_the_same_time_counts_once(transactional_db):
    node, report, taken = a_node(), a_report(count(FRA, 7)), []
    together = threading.Barrier(4)

    def run() -> None:
        together.wait()
        taken.append(record_report(node, report, NOW))
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == [False, False, False, True]
    assert [row.count for row in QueryCount.objects.all()] == [7]


def test_an_edge_that_started_again_begins_a_new_sequence(node):
    record_report(node, a_report(count(FRA, 7), sequence=40), NOW)

    assert record_report(node, a_report(count(FRA, 1), boot_id=str(uuid4())), NOW)
    assert [row.count for row in QueryCount.objects.all()] == [8]


def test_a_key_named_twice_in_one_report_is_added_up(node):
    record_report(node, a_report(count(FRA, 7), count(FRA, 1)), NOW)

    assert [row.count for row in QueryCount.objects.all()] == [8]


def test_what_is_given_to_learn_is_counted_within_its_answers(node):
    record_report(node, a_report(count(FRA, 97), count(FRA, 3, explored=True), count(IAD, 5)), NOW)

    assert [(share.count, share.explored) for share in split(WWW, *HOUR)] == [(100, 3), (5, 0)]
    assert [(bucket.count, bucket.explored) for bucket in exploration([WWW], *HOUR)] == [(105, 3)]
    assert exploration([], *HOUR) == []


def test_an_idle_report_is_taken_without_counts(node):
    assert record_report(node, a_report(), NOW)
    assert not QueryCount.objects.exists()


@pytest.mark.parametrize(
    "malformed",
    [
        {"sequence": 0},
        {"sequence": "1"},
        {"boot_id": "yesterday"},
        {"version": "x" * 41},
        {"version": "1\0"},
        {"condition": {"uptime_s": 1.0, "feed": "\0"}},
        {"queries": -1},
        {"generation": 2**63},
        {"surprise": 1},
        {"answers": [count(number=0)]},
        {"answers": [count(number=10**13)]},
        {"answers": [count(country="Germany")]},
        {"answers": [count(country="de")]},
        {"answers": [count(rcode=4096)]},
        {"answers": [count(policy=2**31)]},
        {"answers": [count()] * 10_001},
        {"answers": None},
        {"networks": [network(-1)]},
        {"networks": [network(2**32)]},
        {"networks": [network(3320, 0)]},
        {"networks": [network(3320)] * 10_001},
        {"shadows": [shadow(0)]},
        {"shadows": [shadow(country="de")]},
        {"shadows": [shadow(shadow_endpoint=-1)]},
        {"shadows": [shadow()] * 10_001},
    ],
)
def test_a_malformed_report_is_refused_whole(malformed):
    with pytest.raises(ValidationError):
        a_report(**malformed)


def test_charts_read_rates_shares_countries_and_codes(node):
    other = a_node("other")
    record_report(
        node, a_report(count(FRA, 70), count(IAD, 20, country="US"), count(0, 10, policy=0, country="", rcode=3)), NOW
    )
    record_report(other, a_report(count(FRA, 10), boot_id=str(uuid4())), NOW + timedelta(seconds=10))

    assert [rate.per_s for rate in rates(*HOUR)] == [10.0, 1.0]
    assert [rate.per_s for rate in rates(*HOUR, policy_id=0)] == [1.0]
    assert [(share.endpoint_id, share.count) for share in split(WWW, *HOUR)] == [(FRA, 70), (IAD, 20), (FRA, 10)]
    assert [share.policy_id for share in split(None, *HOUR)] == [WWW, WWW, WWW]
    assert countries(WWW, *HOUR) == {"DE": 80, "US": 20}
    assert rcodes(*HOUR) == {0: 100, 3: 10}


DTAG, OTHERS = 3320, 0


def test_networks_add_up_within_ten_minutes_and_count_once(node):
    report = a_report(networks=[network(DTAG, 7), network(OTHERS, 2), network(DTAG, 1)])
    assert record_report(node, report, NOW)
    assert not record_report(node, report, NOW)
    record_report(node, a_report(networks=[network(DTAG, 5)], sequence=2), NOW + timedelta(minutes=9))

    assert {row.network: row.count for row in NetworkCount.objects.all()} == {DTAG: 13, OTHERS: 2}
    assert {row.bucket for row in NetworkCount.objects.all()} == {NOW.replace(second=0)}


def test_the_largest_number_of_a_network_is_taken(node):
    record_report(node, a_report(networks=[network(2**32 - 1)]), NOW)

    assert networks([WWW], *HOUR, most=5) == {2**32 - 1: 1}


def test_a_node_of_the_release_before_reports_no_networks(node):
    assert record_report(node, a_report(count()), NOW)
    assert not NetworkCount.objects.exists()


def test_the_busiest_networks_of_some_policies_are_read(node):
    record_report(
        node, a_report(networks=[network(DTAG, 7), network(64500, 9), network(64501, 1), network(DTAG, 50, 6)]), NOW
    )

    assert networks([WWW], *HOUR, most=2) == {64500: 9, DTAG: 7}
    assert networks([WWW, 6], *HOUR, most=1) == {DTAG: 57}
    assert networks([WWW], NOW, NOW + timedelta(seconds=1), most=1) == {64500: 9}, "the bucket began before the span"


def test_counts_of_yesterday_are_forgotten(node):
    record_report(node, a_report(count(), networks=[network(DTAG)]), NOW - timedelta(hours=25))
    record_report(node, a_report(count(), networks=[network(DTAG)], sequence=2), NOW)

    assert forget(NOW) == 2
    assert QueryCount.objects.count() == 1
    assert NetworkCount.objects.count() == 1


def test_what_a_shadow_would_answer_adds_up_by_country_and_both_endpoints(node):
    other = shadow(4, shadow=8)
    record_report(node, a_report(shadows=[shadow(2), shadow(3), shadow(1, country="FR"), other]), NOW)
    record_report(node, a_report(shadows=[shadow(5)], sequence=2), NOW + timedelta(hours=1))

    found = [(row.country, row.endpoint_id, row.shadow_endpoint_id, row.count) for row in tried(7)]
    assert found == [("DE", FRA, IAD, 10), ("FR", FRA, IAD, 1)]
    forget(NOW + timedelta(days=1, minutes=30))
    assert [row.count for row in tried(7)] == [5]
    assert ShadowCount.objects.count() == 1
