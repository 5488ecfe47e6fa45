"""Ours steers better than simpler ways, in a small world; the full one is in docs/latency.md."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.steering import crowd
from bench.steering.__main__ import main
from bench.steering.play import Setting, play
from bench.steering.scenarios import OURS, SCENARIOS, STRATEGIES
from bench.steering.world import Options, World


def small(options: Options) -> Options:
    return replace(options, prefixes=400, unseen=100, networks=40, hours=12.0)


def summaries(scenario: str):
    chosen = SCENARIOS[scenario]
    world = World(7, small(chosen.options))
    return {
        name: play(make(world, chosen.setting, 7), world, chosen.setting, 7).summary()
        for name, make in STRATEGIES.items()
    }


def test_ours_has_the_least_regret_and_recovers_soon():
    found = summaries("full")
    ours = found[OURS]

    simpler = [found[name] for name in ("round-robin", "geo-nearest", "EWMA per client")]
    assert all(ours.regret_ms < other.regret_ms for other in simpler)
    assert all(ours.p95_ms <= other.p95_ms for other in simpler)
    assert ours.unseen_regret_ms < found["geo-nearest"].unseen_regret_ms
    assert ours.changes_per_hour < found["UCB with the prior"].changes_per_hour
    assert ours.beacons_to_recover <= 5


def test_ours_does_not_lose_to_averages_without_any_location():
    found = summaries("placeless")

    assert found[OURS].regret_ms < found["EWMA per client"].regret_ms


def test_a_crowd_is_taken_by_those_who_have_room():
    world = World(7, replace(crowd.OPTIONS, prefixes=400, unseen=0, hours=2.2))
    setting = Setting(capacity_qph=tuple(crowd.capacities(world)[0]))
    ours, nearest = (crowd.play_crowd(STRATEGIES[name](world, setting, 7), world, 7) for name in (OURS, "geo-nearest"))

    assert ours.overflow_share < 0.01 < nearest.overflow_share


def test_a_world_follows_from_its_seed():
    options = small(SCENARIOS["full"].options)
    one, same, other = (World(seed, options) for seed in (3, 3, 4))

    assert np.array_equal(one.rtt_ms(20_000), same.rtt_ms(20_000))
    assert not np.array_equal(one.rtt_ms(20_000), other.rtt_ms(20_000))


def test_the_command_prints_a_table(capsys):
    main(["--seeds", "1", "--hours", "1", "--scenarios", "full", "--strategies", "round-robin,ours"])

    printed = capsys.readouterr().out
    assert "### full" in printed
    assert "| ours " in printed


@pytest.mark.parametrize("argument", ["--scenarios", "--strategies"])
def test_the_command_names_what_it_knows(argument, capsys):
    with pytest.raises(SystemExit):
        main([argument, "flat-earth"])
    assert "unknown: flat-earth; known: " in capsys.readouterr().err
