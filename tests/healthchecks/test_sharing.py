"""Targets are probed once however many checks ask, and no address more often than its budget allows (H9)."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Team
from healthchecks.budget import Overrun, intervals, overruns
from healthchecks.models import Check
from healthchecks.probes import Target, read_options
from healthchecks.services import assign, health_matrix
from healthchecks.sharing import share
from healthchecks.slowdowns import note_overruns, slowdowns_by_place
from healthchecks.state import State
from healthchecks.targets import ProbeTarget, load_targets
from regions.models import Endpoint, Region
from tests.healthchecks.conftest import NOON

PER_S = 4.0


def asked(
    assignment: int,
    host: str = "192.0.2.1",
    *,
    path: str = "/",
    port: int = 80,
    interval_ms: int = 1000,
    timeout_s: float = 1.0,
    rise: int = 1,
) -> ProbeTarget:
    probe = read_options("http", {"path": path})
    return ProbeTarget(assignment, 4, 1, probe, Target(host, port, timeout_s), interval_ms, rise, 1, State.UNKNOWN)


targets = st.lists(
    st.builds(
        asked,
        st.integers(1, 1000),
        st.sampled_from(["192.0.2.1", "192.0.2.2", "www.demo.test"]),
        path=st.sampled_from(["/", "/up"]),
        interval_ms=st.sampled_from([250, 1000, 5000]),
        rise=st.integers(1, 3),
    ),
    max_size=40,
    unique_by=lambda target: target.key,
)


def test_what_is_made_of_a_probe_may_differ() -> None:
    [one] = share([asked(1), asked(2, rise=3)])
    assert [member.assignment_id for member in one.members] == [1, 2]


@pytest.mark.parametrize(
    "other",
    [
        asked(2, "192.0.2.2"),
        asked(2, path="/up"),
        asked(2, port=81),
        asked(2, interval_ms=2000),
        asked(2, timeout_s=0.5),
    ],
)
def test_another_question_is_another_probe(other: ProbeTarget) -> None:
    assert len(share([asked(1), other])) == 2


@given(targets)
def test_everyone_is_told_by_exactly_one_probe(wanted: list[ProbeTarget]) -> None:
    shared = share(wanted)
    assert sorted(member.key for one in shared for member in one.members) == sorted(target.key for target in wanted)
    assert len({one.key for one in shared}) == len(shared)


@given(targets)
def test_no_address_gets_more_than_its_budget_and_who_is_within_it_is_left_alone(wanted: list[ProbeTarget]) -> None:
    shared = share(wanted)
    over = overruns(shared, PER_S)
    slowed = intervals(shared, over)
    for host in {one.target.host for one in shared}:
        of_host = [one for one in shared if one.target.host == host]
        wanted_per_s = sum(1000 / one.interval_ms for one in of_host)
        assert sum(1000 / slowed[one.key] for one in of_host) <= min(PER_S, wanted_per_s) + 1e-9
        factors = {math.ceil(one.interval_ms * max(1, wanted_per_s / PER_S)) - slowed[one.key] for one in of_host}
        assert factors == {0}, "all alike"
    assert {one.address for one in over} == {one.target.host for one in shared if slowed[one.key] > one.interval_ms}


@given(targets)
def test_without_a_budget_nobody_is_slowed(wanted: list[ProbeTarget]) -> None:
    assert overruns(share(wanted), math.inf) == []


def test_checks_that_ask_the_same_count_once() -> None:
    assert overruns(share([asked(number) for number in range(1, 9)]), PER_S) == []
    eight = [asked(number, path=f"/{number}") for number in range(1, 9)]
    assert overruns(share(eight), PER_S) == [Overrun("192.0.2.1", 8.0, PER_S)]


def test_teams_share_the_probes_of_a_worker(check: Check, fra_1: Endpoint, iad_1: Endpoint) -> None:
    rivals = Team.objects.create(name="rivals")
    region = Region.objects.create(team=rivals, name="eu", latitude=50, longitude=8)
    theirs = Endpoint.objects.create(team=rivals, name="x", region=region, ipv4=fra_1.ipv4, port=fra_1.port)
    other = Check.objects.create(team=rivals, name="y", kind="http", interval_ms=1000, timeout_ms=500, fall=9)
    assign(other, [theirs], NOON)
    shared = {one.target.host: len(one.members) for one in share(load_targets("eu"))}
    assert shared == {"127.0.1.1": 2, "127.0.2.1": 1}


def test_who_is_over_its_budget_can_be_seen(check: Check, fra_1: Endpoint, iad_1: Endpoint) -> None:
    note_overruns("eu", [Overrun("127.0.1.1", 12, 8), Overrun("127.0.9.9", 9, 8)])
    note_overruns("us", [Overrun("127.0.2.1", 9, 8)])
    note_overruns("eu", [Overrun("127.0.1.1", 16, 8)])
    assert slowdowns_by_place() == {("eu", "127.0.1.1"): 2.0, ("us", "127.0.2.1"): 9 / 8}
    [row] = health_matrix(endpoint=fra_1)
    assert {name: (view.interval_ms, view.slowed) for name, view in row.vantages.items()} == {
        "eu": (2000, True), "us": (1000, False), "asia": (1000, False),
    }  # fmt: skip
