"""What edges see of the way to clients over TCP counts for the region that their site says, once."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from accounts.models import Team
from regions.models import AdminState, EdgeNode, Endpoint, Region, Site
from telemetry.models import BeaconWindow, QueryCount, RefusedBeacons, UnlearnedBeacons
from telemetry.report import Report
from telemetry.rum.services import gains
from telemetry.services import record_report

NOW = datetime(2026, 11, 25, 8, 0, 7, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
BOOT = UUID("6f1c0000-0000-4000-8000-000000000001")
CLIENT, HOME = "193.0.14.0", "192.168.1.0"


@pytest.fixture
def eu(db) -> Region:
    ops = Team.objects.create(name="ops")
    return Region.objects.create(team=ops, name="eu", latitude=50.1, longitude=8.7)


@pytest.fixture
def fra(eu) -> Endpoint:
    return Endpoint.objects.create(team=eu.team, name="fra", region=eu, ipv4="192.0.2.1")


@pytest.fixture
def node(eu) -> EdgeNode:
    site = Site.objects.create(team=eu.team, name="fra", latitude=50, longitude=8, region=eu)
    return EdgeNode.objects.create(team=eu.team, site=site, name="local", token_digest="local")


def handshake(client: str = CLIENT, rtt_ms: float = 12.5, age_s: int = 0) -> dict[str, object]:
    return {"client": client, "rtt_us": round(rtt_ms * 1000), "measured_s": NOW_S - age_s}


def written(*handshakes: dict[str, object], **fields: object) -> dict[str, object]:
    report = {"boot_id": str(BOOT), "sequence": 1, "generation": 3, "health_sequence": 4, "version": "0.1.0"}
    return report | {"queries": 9, "answers": [], "handshakes": list(handshakes)} | fields


def a_report(*handshakes: dict[str, object], **fields: object) -> Report:
    return Report.model_validate(written(*handshakes, **fields))


def windows() -> list[tuple[str, int, int]]:
    return list(BeaconWindow.objects.order_by("prefix").values_list("prefix", "endpoint_id", "count"))


def refused() -> dict[str, int]:
    return dict(RefusedBeacons.objects.values_list("reason", "count"))


def test_a_handshake_is_a_measurement_of_the_first_endpoint_of_the_region(node, fra):
    Endpoint.objects.create(team=fra.team, name="fra-2", region=fra.region, ipv4="192.0.2.2")
    assert record_report(node, a_report(handshake(), handshake("2001:500:1::")), NOW)

    assert windows() == [(CLIENT, fra.pk, 1), ("2001:500:1::", fra.pk, 1)]
    learned = gains(most=10)
    assert learned.endpoint_ids.tolist() == [fra.pk, fra.pk]
    assert learned.counts.tolist() == [1, 1]


def test_the_endpoint_that_carries_it_stays_the_same_while_it_is_drained(node, fra):
    Endpoint.objects.create(team=fra.team, name="fra-2", region=fra.region, ipv4="192.0.2.2")
    Endpoint.objects.filter(pk=fra.pk).update(admin_state=AdminState.DRAINING)
    record_report(node, a_report(handshake()), NOW)

    assert windows() == [(CLIENT, fra.pk, 1)]


def test_a_site_that_says_no_region_measures_nothing(node, fra):
    Site.objects.update(region=None)
    assert record_report(EdgeNode.objects.get(), a_report(handshake()), NOW)

    assert (windows(), refused()) == ([], {})


def test_a_region_without_endpoints_has_nothing_to_measure(node):
    assert record_report(node, a_report(handshake()), NOW)

    assert (windows(), refused()) == ([], {"unknown_endpoint": 1})


def test_private_clients_are_left_out_unless_they_may_be_probed(node, fra):
    private = [handshake(HOME), handshake("127.0.0.0"), handshake("fd00:1:2::"), handshake("203.0.113.0")]
    record_report(node, a_report(*private), NOW)
    assert windows() == []

    record_report(node, a_report(*private, sequence=2), NOW, allow_private=True)
    assert len(windows()) == 4
    assert refused() == {}


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (handshake(rtt_ms=0.049), "outlier"),
        (handshake(rtt_ms=10_001), "outlier"),
        (handshake(age_s=601), "late"),
        (handshake(age_s=-11), "ahead"),
    ],
)
def test_the_rules_of_beacons_hold(node, fra, seen, reason):
    record_report(node, a_report(seen), NOW)

    assert (windows(), refused()) == ([], {reason: 1})


def test_it_counts_in_the_ten_seconds_it_was_seen_in_and_no_network_more_than_a_hundred_times(node, fra):
    record_report(node, a_report(handshake(age_s=60)), NOW)
    assert BeaconWindow.objects.get().start == NOW.replace(minute=59, hour=7, second=0)

    record_report(node, a_report(*[handshake() for _ in range(101)], sequence=2), NOW)
    assert refused() == {"capped": 1}
    assert sorted(count for _prefix, _endpoint, count in windows()) == [1, 100]


@pytest.mark.parametrize("seed", range(5))
def test_reports_sent_again_in_whatever_order_count_once(node, fra, seed):
    draw = random.Random(seed)
    boots = [str(BOOT), str(uuid4())]
    clients = [f"193.0.{number}.0" for number in range(8)]
    reports = [
        a_report(*[handshake(client) for client in draw.sample(clients, 3)], boot_id=boot, sequence=sequence)
        for boot in boots
        for sequence in (1, 2, 3)
    ]
    for report in reports:
        record_report(node, report, NOW)
    once = windows()
    for moment, report in enumerate(draw.choices(reports, k=20)):
        record_report(node, report, NOW + timedelta(seconds=moment))

    assert sum(count for _prefix, _endpoint, count in once) == 18
    assert windows() == once


def test_what_fails_is_not_half_counted(node, fra, monkeypatch):
    def fail(*_arguments: object, **_named: object) -> None:
        raise RuntimeError

    answer = {"policy": 5, "endpoint": fra.pk, "country": "DE", "rcode": 0, "count": 7}
    report = a_report(handshake(), answers=[answer])
    with monkeypatch.context() as broken:
        broken.setattr("telemetry.rum.services.keep_gains", fail)
        with pytest.raises(RuntimeError):
            record_report(node, report, NOW)
    assert not QueryCount.objects.exists()
    assert record_report(node, report, NOW)
    assert (windows(), UnlearnedBeacons.objects.count()) == ([(CLIENT, fra.pk, 1)], 1)


@pytest.mark.parametrize(
    "malformed",
    [
        handshake("193.0.14.129"),
        handshake("2001:500:1:2::"),
        handshake("193.0.14.0/24"),
        handshake("::ffff:193.0.14.0"),
        handshake("2001:0500:1::"),
        handshake("nowhere"),
        handshake(rtt_ms=0),
        handshake() | {"rtt_us": 12.5},
        handshake() | {"rtt_us": 2**32},
        handshake() | {"measured_s": -1},
        handshake() | {"address": "193.0.14.129"},
    ],
)
def test_a_malformed_handshake_is_refused_with_its_report(malformed):
    with pytest.raises(ValidationError):
        a_report(malformed)


def test_a_report_has_a_thousand_handshakes_at_most_and_an_edge_of_the_release_before_has_none():
    assert len(a_report(*[handshake()] * 1000).handshakes) == 1000
    with pytest.raises(ValidationError):
        a_report(*[handshake()] * 1001)
    said = written()
    del said["handshakes"]
    assert Report.model_validate(said).handshakes == []
