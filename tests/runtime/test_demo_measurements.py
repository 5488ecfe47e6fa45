"""What the demo's visitors measure: distance, the same last mile each time, and what was made slow."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from statistics import median

import pytest

from telemetry.rum.beacon import read_own
from trafficmgr.demo.measurements import SLOW_MS, Target, Visitor, distance_km, make_fast, make_slow, usual_ms, visits
from trafficmgr.demo.switches import Switch

FRA, IAD = Target("fra-1", "eu", 50.11, 8.68), Target("iad-1", "us", 39.04, -77.49)
LYON, OHIO = Visitor("192.0.2.0/24", 45.8, 4.8), Visitor("198.51.100.0/24", 40.0, -83.0)


def told(*slow: str):
    """Round trips of many seconds, by visitor and endpoint."""
    chance, rtts_ms = random.Random(1), defaultdict[object, list[float]](list)
    for second in range(20):
        for beacon in visits(chance, [LYON, OHIO], [FRA, IAD], set(slow), float(second)):
            rtts_ms[beacon["client"], beacon["endpoint"]].append(float(str(beacon["rtt_ms"])))
    return {path: median(each) for path, each in rtts_ms.items()}


def test_what_they_send_is_what_the_door_takes():
    beacons = visits(random.Random(1), [LYON, OHIO], [FRA, IAD], set(), 1_800_000_000.0)

    assert len(read_own(json.dumps(beacons).encode())) == len(beacons)
    assert len({beacon["id"] for beacon in beacons}) == len(beacons)


def test_round_trips_are_those_of_the_path_and_every_visitor_measures_the_nearest():
    seen = told()

    assert len(seen) == 4
    for visitor in (LYON, OHIO):
        for target in (FRA, IAD):
            assert seen[visitor.network, target.name] == pytest.approx(usual_ms(visitor, target), rel=0.1)
    assert distance_km(LYON, FRA) == pytest.approx(563, abs=10)


@pytest.mark.parametrize("name", ["fra-1", "eu"])
def test_a_slow_endpoint_or_region_is_slow_for_all_and_others_are_not(name):
    seen, usual = told(name), told()

    assert seen[LYON.network, "fra-1"] - usual[LYON.network, "fra-1"] == pytest.approx(SLOW_MS, rel=0.15)
    assert seen[LYON.network, "iad-1"] == usual[LYON.network, "iad-1"]


def test_slow_and_recover_turn_a_file_on_and_off(tmp_path):
    make_slow(tmp_path, "eu")
    assert Switch(tmp_path, "slow").is_on("eu")
    make_fast(tmp_path, "eu")
    make_fast(tmp_path, "eu")
    assert not Switch(tmp_path, "slow").is_on("eu")


def test_what_cannot_be_a_name_is_no_file(tmp_path):
    with pytest.raises(ValueError, match="no name of the demo"):
        make_slow(tmp_path, "../admin")
