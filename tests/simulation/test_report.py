"""The report on a replay, of replays that are written down here."""

from __future__ import annotations

import pytest

from simulation.report import Served, report

FRA, IAD = 1, 2
SERVED = {FRA: Served("fra-1", "eu", 100), IAD: Served("iad-1", "us", 300)}


def trips(mean_ms):
    return {"mean_ms": mean_ms, "p50_ms": mean_ms, "p95_ms": 2 * mean_ms}


def country(name, share, before_ms=None, after_ms=None):
    latency = None
    if before_ms is not None:
        latency = {"estimated": 1.0, "before": trips(before_ms), "after": trips(after_ms)}
    return {"country": name, "share": share, "latency": latency}


def replay(moves, countries):
    return {"weighed_by": "countries", "moves": moves, "latency": None, "countries": countries}


def warned(*countries):
    return [row["country"] for row in report(replay([], list(countries)), SERVED, None)["warnings"]]


def test_who_loses_an_answer_is_named_by_country():
    moves = [("DE", FRA, 0, 0.2), ("DE", FRA, FRA, 0.3), ("US", IAD, 0, 0.1), ("FR", 0, 0, 0.4)]
    found = report(replay(moves, [country("DE", 0.5), country("US", 0.1), country("FR", 0.4)]), SERVED, None)
    assert found["lost"] == pytest.approx(0.3)
    assert found["losers"] == [
        {"country": "DE", "share": pytest.approx(0.2)},
        {"country": "US", "share": pytest.approx(0.1)},
    ]
    assert {row["country"]: row["lost"] for row in found["countries"]} == {"DE": 0.4, "US": 1, "FR": 0}


@pytest.mark.parametrize(
    ("before_ms", "after_ms", "is_warned"),
    [(100, 105, False), (100, 105.1, True), (20, 22, False), (20, 22.1, True), (100, 80, False)],
)
def test_a_large_country_that_gets_farther_away_is_warned_of(before_ms, after_ms, is_warned):
    assert warned(country("DE", 0.05, before_ms, after_ms)) == (["DE"] if is_warned else [])


def test_a_small_country_and_one_of_which_nothing_is_known_are_not():
    assert warned(country("DE", 0.049, 10, 90), country("US", 0.5)) == []


def test_regions_are_told_beside_what_they_can_take():
    moves = [("DE", FRA, IAD, 0.25), ("DE", FRA, FRA, 0.75)]
    found = report(replay(moves, [country("DE", 1)]), SERVED, 40)["regions"]
    eu = {"region": "eu", "before": 1, "after": 0.75, "before_per_s": 40, "after_per_s": 30}
    us = {"region": "us", "before": 0, "after": 0.25, "before_per_s": 0, "after_per_s": 10}
    assert found == [eu | {"capacity": 100, "capacity_share": 0.25}, us | {"capacity": 300, "capacity_share": 0.75}]


def test_what_is_not_known_is_told_as_nothing_and_not_as_zero():
    served = SERVED | {IAD: Served("iad-1", "us", None)}
    [eu, us] = report(replay([("DE", FRA, IAD, 1)], [country("DE", 1)]), served, None)["regions"]
    assert (eu["before_per_s"], eu["after_per_s"], eu["capacity_share"]) == (None, None, None)
    assert (us["capacity"], us["capacity_share"]) == (None, None)
