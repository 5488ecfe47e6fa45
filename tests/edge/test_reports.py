"""What a node reports: everything counted, once, however long the feed is away, and never too much at a time."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from edge.report import BOUNDS_NS, Reports

BOOT = UUID("6f1c0000-0000-4000-8000-000000000001")
WWW = 5


class Counting:
    """Counters of a responder, by endpoint, by network and by what a shadow would answer."""

    def __init__(self) -> None:
        self.answers: Counter[int] = Counter()
        self.networks: Counter[int] = Counter()
        self.shadows: Counter[int] = Counter()
        self.latency = [0] * len(BOUNDS_NS)

    def read(self) -> Any:
        answers = [
            {"policy": WWW, "endpoint": endpoint, "country": "DE", "rcode": 0, "explored": False, "count": count}
            for endpoint, count in self.answers.items()
        ]
        shadows = [
            {"shadow": 7, "country": "DE", "endpoint": 10, "shadow_endpoint": endpoint, "count": count}
            for endpoint, count in self.shadows.items()
        ]
        networks = [{"policy": WWW, "network": network, "count": count} for network, count in self.networks.items()]
        return {
            "queries": self.answers.total(),
            "answers": answers,
            "networks": networks,
            "shadows": shadows,
            "listeners": [{"latency": self.latency}, {"latency": self.latency}],
        }


class Telemetry:
    """Takes each report once, as the feed does."""

    def __init__(self) -> None:
        self.taken: set[int] = set()
        self.answers: Counter[int] = Counter()
        self.networks: Counter[int] = Counter()
        self.shadows: Counter[int] = Counter()

    def take(self, report: dict) -> None:
        if report["sequence"] in self.taken:
            return
        self.taken.add(report["sequence"])
        for answer in report["answers"]:
            self.answers[answer["endpoint"]] += answer["count"]
        for network in report.get("networks", []):
            self.networks[network["network"]] += network["count"]
        for shadow in report.get("shadows", []):
            self.shadows[shadow["shadow_endpoint"]] += shadow["count"]


@pytest.fixture
def reports():
    return Reports(BOOT, "0.1.0")


@pytest.fixture
def counting():
    return Counting()


@pytest.fixture
def telemetry():
    return Telemetry()


def test_an_outage_of_the_feed_loses_nothing_and_doubles_nothing(reports, counting, telemetry):
    for second in range(100):
        counting.answers[10] += 7
        counting.answers[second] += 1
        counting.networks[3320] += 3
        counting.shadows[second % 2] += 1
        report = reports.due(counting.read(), 1, 0, list)
        if 20 <= second < 30:
            telemetry.take(report)  # it arrives; only the acknowledgement is lost
        if not 20 <= second < 80:
            telemetry.take(report)
            reports.acknowledge()
    telemetry.take(reports.due(counting.read(), 1, 0, list))

    assert telemetry.answers == counting.answers
    assert telemetry.networks == counting.networks
    assert telemetry.shadows == counting.shadows
    assert telemetry.taken == set(range(1, len(telemetry.taken) + 1))


def test_a_report_is_bounded_and_what_waits_comes_to_its_turn(reports, counting, telemetry, monkeypatch):
    monkeypatch.setattr("edge.report.MAX_COUNTS", 50)
    monkeypatch.setattr("edge.report.MAX_NETWORKS", 20)
    monkeypatch.setattr("edge.report.MAX_SHADOWS", 20)
    reports = Reports(BOOT, "0.1.0")
    counting.answers[999] = counting.networks[64999] = 1
    for _ in range(100):
        for busy in range(60):
            counting.answers[busy] += 2
            counting.networks[busy] += 2
            counting.shadows[busy] += 2
        report = reports.due(counting.read(), 1, 0, list)
        assert len(report["answers"]) <= 50
        assert len(report["networks"]) <= 20
        assert len(report["shadows"]) <= 20
        telemetry.take(report)
        reports.acknowledge()
    assert set(range(60)) <= telemetry.answers.keys(), "no key starves behind those that are always busy"
    for _ in range(10):
        telemetry.take(reports.due(counting.read(), 1, 0, list))
        reports.acknowledge()

    assert telemetry.answers == counting.answers
    assert telemetry.networks == counting.networks
    assert telemetry.shadows == counting.shadows


def test_what_is_remembered_does_not_grow_while_the_feed_is_away(reports, counting):
    counting.answers[10] = 1
    first = reports.due(counting.read(), 1, 0, list)
    for _ in range(1000):
        counting.answers[10] += 1
        assert reports.due(counting.read(), 1, 0, list) is first


def test_a_feed_of_the_release_before_is_not_bothered_with_networks_or_shadows_that_there_are_not(reports, counting):
    counting.answers[10] = 1
    assert not {"networks", "shadows"} & reports.due(counting.read(), 1, 0, list).keys()


def test_who_explores_is_told_apart_and_the_release_before_is_not_bothered_with_who_does_not(reports):
    def counters(explored):
        kind = {"policy": WWW, "endpoint": 10, "country": "DE", "rcode": 0}
        answers = [{**kind, "explored": False, "count": 97}, {**kind, "explored": True, "count": explored}]
        return {"queries": 100, "answers": answers, "networks": [], "shadows": [], "listeners": []}

    first = reports.due(counters(3), 1, 0, list)["answers"]
    assert [("explored" in answer, answer["count"]) for answer in first] == [(False, 97), (True, 3)]
    reports.acknowledge()
    second = reports.due(counters(5), 1, 0, list)["answers"]
    assert [(answer["explored"], answer["count"]) for answer in second] == [(True, 2)]


def handshake(client: str) -> Any:
    return {"client": client, "rtt_us": 900, "measured_s": 1_795_334_400}


def test_handshakes_go_with_one_report_however_often_that_is_sent(reports, counting):
    seen = [[handshake("203.0.113.0")], [handshake("198.51.100.0")], []]

    def due() -> Any:
        return reports.due(counting.read(), 1, 0, lambda: seen.pop(0))

    first = due()
    assert first["handshakes"] == [handshake("203.0.113.0")]
    assert due() is first, "it is not acknowledged yet"
    reports.acknowledge()
    assert due()["handshakes"] == [handshake("198.51.100.0")]
    reports.acknowledge()
    assert "handshakes" not in due(), "a feed of the release before is not bothered with none"


def test_times_of_answers_go_with_the_report_they_were_measured_for(reports, counting):
    counting.latency[3] += 5
    counting.latency[-1] += 1
    reports.due(counting.read(), 1, 0, list)
    counting.latency[3] += 2

    reports.due(counting.read(), 1, 0, list)
    assert reports.answer_times == [(0, 2), (BOUNDS_NS[3], 10)], "of both listeners, as long as it is not acknowledged"
    reports.acknowledge()
    reports.due(counting.read(), 1, 0, list)
    assert reports.answer_times == [(BOUNDS_NS[3], 4)]
