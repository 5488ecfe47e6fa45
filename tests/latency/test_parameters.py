"""Parameters of model versions: read from JSON, refused by the name of the field, and written whole."""

from __future__ import annotations

import json

import numpy as np
import pytest

from latency.chooser import Policy
from latency.learner import Learner
from latency.parameters import BadParameterError, read, require_sound, written
from tests.latency.cast import NOON_S
from tests.latency.test_learner import HOME, NOWHERE, OFFICE, WORLD, turn


def test_what_is_left_out_is_as_in_the_release():
    assert read({}) == Policy()
    policy = read({"model": {"network": {"spread_ms": 9}}, "caution": 0, "switching": {"switch_ms": 6.5}})

    assert (policy.model.network.spread_ms, policy.model.network.max_count) == (9.0, 60)
    assert (policy.caution, policy.switching.switch_ms, policy.switching.switch_percent) == (0.0, 6.5, 5.0)


def test_what_is_written_is_all_and_reads_the_same_to_the_bit():
    policy = read({"model": {"half_life_s": 0.1 + 0.2, "strikes": 4}, "caution": 1 / 3})
    parameters = json.loads(json.dumps(written(policy)))

    assert read(parameters) == policy
    assert set(parameters) == {"model", "switching", "caution"}
    assert parameters["model"]["strikes"] == 4


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"modle": {}}, "modle"),
        ({"explored_share": 0.5}, "explored_share"),
        ({"model": {"network": {"spread": 9}}}, "model.network.spread"),
        ({"model": {"network": 9}}, "model.network"),
        ({"model": {"half_life_s": 0}}, "model.half_life_s"),
        ({"model": {"half_life_s": -1}}, "model.half_life_s"),
        ({"model": {"half_life_s": float("nan")}}, "model.half_life_s"),
        ({"model": {"half_life_s": "12 h"}}, "model.half_life_s"),
        ({"model": {"half_life_s": True}}, "model.half_life_s"),
        ({"model": {"strikes": 2.5}}, "model.strikes"),
        ({"model": {"strikes": 101}}, "model.strikes"),
        ({"switching": {"switch_after_s": 5}}, "switching.switch_after_s"),
        ({"caution": 11}, "caution"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(given, field):
    with pytest.raises(BadParameterError) as refused:
        read(given)
    assert refused.value.field == field


@pytest.mark.parametrize("model", [{"last_mile_spread_ms": 1e4}, {"least_noise_ms": 0.01, "noise_ms": 0.01}])
def test_the_utmost_that_may_be_proposed_can_be_reckoned_with(model):
    policy = read({"model": model})
    require_sound(policy)
    known = Learner(WORLD, policy)
    for minute in range(5):
        measured = [
            (client, region, 20.0 + region) for client in (HOME, OFFICE, NOWHERE) for region in WORLD.ids.tolist()
        ]
        known.learn(turn(known, *measured * 3, at_s=NOON_S + 300 * minute, full=True))

    assert np.isfinite(known.message(1, 0).cells.rtt_ms).all()


@pytest.mark.parametrize("name", ["least_noise_ms", "last_mile_spread_ms"])
def test_what_numbers_do_not_hold_is_not_sound(name):
    with pytest.raises(BadParameterError) as refused:
        require_sound(read({"model": {name: 1e-9 if name.startswith("least") else 1e9}}))
    assert refused.value.field == f"model.{name}"
