"""Promise: what happens to one vantage takes no endpoint down (H3), and no transition is lost or made twice (H8)."""

from __future__ import annotations

from collections import defaultdict

from tests.faults.asker import Asker
from tests.faults.conftest import last
from tests.scenarios.client import call, eventually
from trafficmgr.demo.origins import recover

FRA_1, IAD_1 = ("127.0.1.1",), ("127.0.2.1",)
NETWORKS = ("127.0.1.0/24", "127.0.2.0/24", "127.0.3.0/24")
"""Of the demo's endpoints, and of nothing else."""
KILLS = 6


def test_a_frozen_vantage_takes_nothing_down_and_goes_on_when_it_is_resumed(installation, edge, down):
    before = installation.transitions("fra-1")
    with Asker(edge.dns, "api.demo.test.") as asker:
        with installation.parts["worker-us"].frozen():
            last()
        last()
        assert asker.changes() == [FRA_1]
        assert installation.transitions("fra-1") == before
        down("fra-1")
        eventually(asker.latest, IAD_1.__eq__, what="api moves to iad-1")
        votes = installation.transitions("fra-1")[0]["votes"]

    assert not asker.lost
    assert "us" in votes


def test_a_vantage_cut_off_from_all_endpoints_takes_none_down(installation, edge, separated):
    before = {name: installation.transitions(name) for name in ("fra-1", "iad-1", "sin-1")}
    with Asker(edge.dns, "api.demo.test.") as asker:
        with installation.cut_off("worker-us", *NETWORKS):
            eventually(lambda: _believes(installation, "us"), {"down"}.__eq__, what="us sees nothing any more")
            last()
            assert installation.down() == set()
        eventually(lambda: _believes(installation, "us"), {"up"}.__eq__, what="us sees all again")

    assert not asker.lost
    assert asker.changes() == [FRA_1]
    assert {name: installation.transitions(name) for name in before} == before


def test_two_of_three_vantages_gone_neither_take_endpoints_down_nor_hide_that_one_is(installation, edge, down):
    with Asker(edge.dns, "api.demo.test.") as asker:
        with installation.without("worker-us", "worker-asia"):
            last()
            assert asker.changes() == [FRA_1]
            assert installation.down() == set()
            down("fra-1")
            eventually(asker.latest, IAD_1.__eq__, what="the one that is left decides, once the others count as silent")
            assert set(installation.transitions("fra-1")[0]["votes"]) == {"eu"}
        eventually(lambda: _well(installation), {"eu", "us", "asia"}.__eq__, what="all vantages are well again")

    assert not asker.lost


def test_a_worker_killed_again_and_again_loses_and_doubles_no_transition(installation, edge, down):
    with Asker(edge.dns, "api.demo.test.") as asker:
        for _ in range(KILLS):
            down("fra-1")
            with installation.parts["worker-us"].lost():
                eventually(asker.latest, IAD_1.__eq__, what="api moves to iad-1")
            recover(installation.home, "fra-1")
            with installation.parts["worker-asia"].lost():
                eventually(asker.latest, FRA_1.__eq__, what="api returns to fra-1")

    assert not asker.lost
    assert asker.changes() == [FRA_1, *[IAD_1, FRA_1] * KILLS]
    _chained(installation.transitions("fra-1"))


def _chained(transitions):
    """Each begins where the one before of the same check and family ended."""
    states: defaultdict[tuple[str, int], str | None] = defaultdict(lambda: None)
    for row in reversed(transitions):
        key = row["check_name"], row["family"]
        assert states[key] in {None, row["from_state"]}, row
        assert row["from_state"] != row["to_state"], row
        states[key] = row["to_state"]


def _well(installation):
    return {row["name"] for row in call(installation, "GET", "/api/v1/vantages")[1] if row["well"]}


def _believes(installation, vantage):
    """Everything that a vantage believes of endpoints."""
    rows = installation.sql(
        "SELECT DISTINCT state FROM healthchecks_vantagestate JOIN regions_region ON regions_region.id = vantage_id"
        f" WHERE regions_region.name = '{vantage}'"
    )
    return {state for (state,) in rows}
