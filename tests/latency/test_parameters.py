"""Parameters of model versions: read from JSON, refused by the name of the field, and written whole."""

from __future__ import annotations

import json

import pytest

from latency.chooser import Policy
from latency.parameters import BadParameterError, read, written


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
