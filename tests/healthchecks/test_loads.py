"""What endpoints say of their load, as edges are told it (S5)."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from healthchecks import services
from healthchecks.loads import MAX_SHARE, share_of
from healthchecks.models import Check, EndpointLoad, Transition
from regions.models import Endpoint
from tests.healthchecks.conftest import NOON, Report

NOON_S = int(NOON.timestamp())


def say(endpoint: Endpoint, after_s: float = 0, **said: Any) -> EndpointLoad:
    said = {"current": 730, "target": 800, "capacity": 1000, **said}
    return services.report_load(endpoint, services.LoadReport(**said), NOON + timedelta(seconds=after_s))


@pytest.mark.parametrize(
    ("current", "target", "capacity", "share"),
    [
        (730, None, 1000, 0.73),
        (1200, None, 1000, 1.2),
        (0, None, 1000, 0),
        (1, None, 3, 0.333),
        (400, 800, None, 0.4),
        (1000, 800, None, 1.0),
        (730, 800, 1000, 0.73),
        (250, 500, 1000, 0.4),  # half of its target
        (500, 500, 1000, 0.8),
        (750, 500, 1000, 0.9),  # half of what lies between
        (1000, 500, 1000, 1.0),
        (1e12, None, 1e-6, MAX_SHARE),
    ],
)
def test_a_share_is_of_the_capacity_where_the_target_is_four_fifths(
    current: float, target: float | None, capacity: float | None, share: float
) -> None:
    assert share_of(current, target, capacity) == share


def test_the_capacity_is_the_endpoints_own_unless_the_report_says_one(fra_1: Endpoint) -> None:
    with pytest.raises(ValidationError, match="Say it here or of the endpoint") as caught:
        say(fra_1, target=None, capacity=None)
    assert list(caught.value.message_dict) == ["capacity"]
    fra_1.capacity = 1460
    assert say(fra_1, target=None, capacity=None).share == 0.5
    with pytest.raises(ValidationError, match="below the capacity, which is 1460") as caught:
        say(fra_1, target=1460, capacity=None)
    assert list(caught.value.message_dict) == ["target"]


def test_a_load_takes_the_next_number_and_travels_with_health(check: Check, fra_1: Endpoint, report: Report) -> None:
    report(check, fra_1, eu="up")
    assert say(fra_1).sequence == 2
    report(check, fra_1, eu="down")
    said = (fra_1.id, 0.73, NOON_S, 60)
    assert services.current_health() == services.HealthState(3, [(fra_1.id, 4, "down")], [said])
    assert services.deltas_since(0) == [
        services.Delta(1, [(fra_1.id, 4, "up")]),
        services.Delta(2, [], [said]),
        services.Delta(3, [(fra_1.id, 4, "down")]),
    ]


def test_of_a_load_that_another_followed_the_number_is_left(fra_1: Endpoint, iad_1: Endpoint) -> None:
    say(fra_1)
    say(iad_1)
    say(fra_1, after_s=1, current=900)
    assert services.deltas_since(0) == [
        services.Delta(1, []),
        services.Delta(2, [], [(iad_1.id, 0.73, NOON_S, 60)]),
        services.Delta(3, [], [(fra_1.id, 0.9, NOON_S + 1, 60)]),
    ]


@pytest.mark.parametrize(
    ("after_s", "said", "is_told"),
    [
        (14.9, {}, False),
        (15, {}, True),  # a quarter of its age
        (1, {"current": 730.2}, False),  # the same to a thousandth
        (1, {"current": 731}, True),
        (1, {"max_age_s": 30}, True),
        (1, {"target": None}, True),
    ],
)
def test_what_says_the_same_as_a_moment_ago_is_not_told_again(
    fra_1: Endpoint, after_s: float, said: dict[str, Any], is_told: bool
) -> None:
    say(fra_1)
    say(fra_1, after_s=after_s, **said)
    assert (services.current_health().sequence == 2) is is_told


def test_a_load_is_forgotten_once(fra_1: Endpoint) -> None:
    assert not services.forget_load(fra_1, NOON)
    say(fra_1)
    assert services.forget_load(fra_1, NOON)
    assert not services.forget_load(fra_1, NOON)
    assert services.deltas_since(1) == [services.Delta(2, [], [(fra_1.id, None, NOON_S, 60)])]
    assert services.current_health() == services.HealthState(2, [], [])
    say(fra_1)
    assert services.current_health().loads == [(fra_1.id, 0.73, NOON_S, 60)]


def test_the_load_of_an_endpoint_goes_with_it(fra_1: Endpoint) -> None:
    say(fra_1)
    fra_1.delete()
    assert services.current_health() == services.HealthState(1, [], [])
    assert services.deltas_since(0) == [services.Delta(1, [])]


def test_a_gap_left_by_pruning_is_none_left_by_loads(check: Check, fra_1: Endpoint, report: Report) -> None:
    say(fra_1)
    report(check, fra_1, eu="up")
    say(fra_1, after_s=1, current=900)
    Transition.objects.update(at=NOON - services.KEEP_TRANSITIONS)
    assert services.prune(NOON + timedelta(seconds=1)) == 1
    assert services.deltas_since(0) is None
    assert services.deltas_since(1) is None
    assert services.deltas_since(2) == [services.Delta(3, [], [(fra_1.id, 0.9, NOON_S + 1, 60)])]


def test_of_the_past_the_loads_are_known_that_none_followed(fra_1: Endpoint, iad_1: Endpoint) -> None:
    say(fra_1)
    say(iad_1)
    say(iad_1, after_s=10, current=900)
    then = services.health_at(NOON + timedelta(seconds=5))
    assert then == services.HealthState(1, [], [(fra_1.id, 0.73, NOON_S, 60)])
