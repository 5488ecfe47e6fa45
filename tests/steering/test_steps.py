import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steering.step_errors import StepsError, parse_steps
from steering.steps import KINDS, options_of

GEO = {"kind": "geo", "default": "all"}
EU = {"location": "continent:EU", "regions": ["eu"]}

SOUND = [
    {"kind": "healthy"},
    {"kind": "healthy", "relative": True},
    {"kind": "healthy", "if_empty": {"action": "fallback", "pool": "spare"}},
    {"kind": "admin", "if_empty": {"action": "fallback", "policy": "sorry"}},
    {"kind": "fence", "deny": ["country:DE", "subdivision:US-CA", "asn:3320", "cidr:10.0.0.0/8", "cidr:2001:db8::/32"]},
    {"kind": "fence", "label": "tier!=gpu", "allow": ["continent:EU"], "if_empty": {"action": "refuse"}},
    {
        "kind": "label",
        "select": ["tier", "tenant=acme", "tenant!=a=b", "index_version>=7", "load<.5", "v>-1e3", "v<=1."],
    },
    {"kind": "label", "name_label": "shard", "if_empty": {"action": "fallback", "pool": "spare"}},
    GEO,
    {**GEO, "rules": [EU, {"location": "country:DE", "pools": ["web"]}], "default": {"regions": ["us"]}},
    {"kind": "distance"},
    {"kind": "distance", "within_km": 0.5, "bias": -99},
    {"kind": "latency"},
    {"kind": "latency", "within_ms": 5, "within_percent": 10},
    {"kind": "explore"},
    {"kind": "explore", "percent": 0.5},
    {"kind": "cost", "cost": 0.08, "within_percent": 20},
    {"kind": "load"},
    {"kind": "load", "low": 0, "high": 1.5, "if_empty": {"action": "fallback", "policy": "sorry"}},
    {"kind": "priority", "priority": 7},
    {"kind": "weighted", "weight": 0},
    {"kind": "sticky"},
    {"kind": "use", "policy": "sorry", "min_healthy": 2},
    {"kind": "first", "count": 16},
]

REFUSED = [
    ({}, "steps.0.kind", "Say which"),
    ("healthy", "steps.0", "Write an object."),
    ({"kind": ["healthy"]}, "steps.0.kind", "it is one of"),
    ({"kind": "healthy", "rise": 1}, "steps.0.rise", "There is no such option."),
    ({"kind": "healthy", "if_empty": {}}, "steps.0.if_empty.action", "Say which"),
    ({"kind": "healthy", "if_empty": {"action": "panic"}}, "steps.0.if_empty.action", "There is no panic"),
    ({"kind": "healthy", "if_empty": {"action": "refuse"}}, "steps.0.if_empty", "Only a fence may refuse"),
    ({"kind": "geo", "default": "all", "if_empty": {"action": "refuse"}}, "steps.0.if_empty", "Only a fence"),
    ({"kind": "admin", "if_empty": {"action": "fallback"}}, "steps.0.if_empty", "either a pool or a policy"),
    (
        {"kind": "admin", "if_empty": {"action": "fallback", "pool": "a", "policy": "b"}},
        "steps.0.if_empty",
        "either a pool or a policy",
    ),
    ({"kind": "fence"}, "steps.0", "at least one location"),
    ({"kind": "fence", "allow": ["DE"]}, "steps.0.allow.0", "write for example country:DE"),
    ({"kind": "fence", "allow": ["asn:1", "cidr:10.0.0.1/8"]}, "steps.0.allow.1", "write 10.0.0.0/8"),
    ({"kind": "fence", "deny": "country:DE"}, "steps.0.deny", "Write a list."),
    ({"kind": "fence", "deny": ["asn:1"], "label": "=gpu"}, "steps.0.label", "write key, key=value or key!=value"),
    ({"kind": "label"}, "steps.0", "by labels, by the name asked for, or by both"),
    ({"kind": "label", "select": ["tier", "=gpu"]}, "steps.0.select.1", "selects nothing"),
    ({"kind": "label", "select": ["tier!gpu"]}, "steps.0.select.0", "selects nothing"),
    ({"kind": "label", "select": ["v>=new"]}, "steps.0.select.0", '"new" behind >= is not a number.'),
    ({"kind": "label", "select": ["v<1e999"]}, "steps.0.select.0", "is not a number."),
    ({"kind": "label", "select": ["v>=0x7"]}, "steps.0.select.0", "is not a number."),
    ({"kind": "label", "name_label": ""}, "steps.0.name_label", "at least 1"),
    ({"kind": "label", "select": ["tier"], "if_empty": {"action": "refuse"}}, "steps.0.if_empty", "Only a fence"),
    ({"kind": "latency", "within_ms": -1}, "steps.0.within_ms", "at least 0"),
    ({"kind": "latency", "within_percent": -1}, "steps.0.within_percent", "at least 0"),
    ({"kind": "explore", "percent": 51}, "steps.0.percent", "at most 50"),
    ({"kind": "cost", "cost": -1}, "steps.0.cost", "at least 0"),
    ({"kind": "cost", "within_percent": -1}, "steps.0.within_percent", "at least 0"),
    ({"kind": "load", "low": -0.1}, "steps.0.low", "at least 0"),
    ({"kind": "load", "high": 0}, "steps.0.high", "greater than 0"),
    ({"kind": "load", "low": 0.95}, "steps.0", "Low must be below high"),
    ({"kind": "load", "if_empty": {"action": "refuse"}}, "steps.0.if_empty", "Only a fence"),
    ({"kind": "geo"}, "steps.0.default", "Who serves clients that no rule matches"),  # S10
    ({"kind": "geo", "default": "none"}, "steps.0.default", "It is 'all'."),
    ({"kind": "geo", "default": {}}, "steps.0.default", "at least one region or pool"),
    ({**GEO, "rules": [EU, {"location": "continent:XX", "regions": ["eu"]}]}, "steps.0.rules.1.location", "Unknown"),
    ({**GEO, "rules": [{"location": "asn:3320", "regions": ["eu"]}]}, "steps.0.rules.0.location", "use a fence"),
    ({**GEO, "rules": [{"regions": ["eu"]}]}, "steps.0.rules.0.location", "This is required."),
    ({**GEO, "rules": [{"location": "country:DE"}]}, "steps.0.rules.0", "at least one region or pool"),
    ({**GEO, "rules": [{**EU, "regions": [1]}]}, "steps.0.rules.0.regions.0", "Write a text."),
    ({**GEO, "rules": [EU, EU]}, "steps.0.rules", "more than one rule for continent:EU"),
    ({"kind": "distance", "within_km": -1}, "steps.0.within_km", "at least 0"),
    ({"kind": "distance", "within_km": float("inf")}, "steps.0.within_km", "Write a number."),
    ({"kind": "distance", "bias": 100}, "steps.0.bias", "at most 99"),
    ({"kind": "priority", "priority": -1}, "steps.0.priority", "at least 0"),
    ({"kind": "weighted", "weight": 1.5}, "steps.0.weight", "Write a whole number."),
    ({"kind": "sticky", "weight": True}, "steps.0.weight", "Write a whole number."),
    ({"kind": "use"}, "steps.0.policy", "Name of a policy."),
    ({"kind": "use", "policy": "sorry", "min_healthy": 0}, "steps.0.min_healthy", "at least 1"),
    ({"kind": "first"}, "steps.0.count", "From 1 to 16."),
    ({"kind": "first", "count": 0}, "steps.0.count", "at least 1"),
    ({"kind": "first", "count": 17}, "steps.0.count", "at most 16"),
]


def messages(*steps):
    with pytest.raises(StepsError) as caught:
        parse_steps(steps)
    return caught.value.messages


@pytest.mark.parametrize("step", SOUND, ids=json.dumps)
def test_a_sound_step_is_taken_and_says_its_defaults(step):
    (parsed,) = parse_steps([step])
    shown = {"kind": parsed.kind, **options_of(parsed)}
    assert parse_steps([shown]) == [parsed]
    assert set(step) <= set(shown)


@pytest.mark.parametrize(("step", "path", "message"), REFUSED, ids=str)
def test_a_malformed_step_is_refused_at_what_is_wrong(step, path, message):
    found = messages(step)
    assert list(found) == [path]
    assert message in " ".join(found[path])


def test_everything_that_is_wrong_is_told_at_once():
    assert list(messages({"kind": "healthy"}, {"kind": "first", "count": 0, "x": 1}, {"kind": "geo"})) == [
        "steps.1.count",
        "steps.1.x",
        "steps.2.default",
    ]


def test_every_sifting_step_says_what_happens_if_it_would_drop_all():
    sifting = {name for name, kind in KINDS.items() if "if_empty" in kind.model_fields}
    assert sifting == {"healthy", "admin", "fence", "label", "geo", "load"}
    assert options_of(*parse_steps([{"kind": "admin"}])) == {"if_empty": {"action": "bypass"}}


def test_every_kind_and_option_is_described():
    for kind in KINDS.values():
        assert kind.__doc__
        assert all(field.description for name, field in kind.model_fields.items() if name != "kind"), kind


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["rules", "default", "if_empty", "action", "regions", "location", "count", "x"]),
            inner,
            max_size=4,
        )
    ),
)


@given(st.sampled_from([*KINDS, "x", None]), JSON)
def test_no_json_breaks_the_reader(kind, options):
    step = {"kind": kind, **options} if isinstance(options, dict) else options
    with suppress(StepsError):
        parse_steps([step])
