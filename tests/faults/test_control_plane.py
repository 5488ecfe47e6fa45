"""Promise: what an edge answers, it answers on, whatever happens to everything else."""

from __future__ import annotations

from tests.faults.asker import Asker
from tests.faults.conftest import last, put_address, serves
from tests.faults.installation import WEB_HOST
from tests.scenarios.client import eventually

FRA_1 = ("127.0.1.1",)
CONTROL_PLANE = ["web", "beat", "worker-eu", "worker-us", "worker-asia"]


def test_a_control_plane_that_is_killed_changes_no_answer(installation, edge):
    with Asker(edge.dns, "api.demo.test.") as asker:
        with installation.without(*CONTROL_PLANE):
            last()
        eventually(installation.ups, (6).__eq__, what="the control plane is back")
        last()

    assert not asker.lost
    assert asker.changes() == [FRA_1]


def test_an_edge_that_is_killed_without_a_control_plane_starts_from_its_own_disk(installation, edge):
    with installation.without(*CONTROL_PLANE):
        edge.kill()
        edge.start()
        eventually(lambda: serves(edge), bool, what="the edge answers from its disk")
    eventually(installation.ups, (6).__eq__, what="the control plane is back")


def test_what_was_published_while_an_edge_was_down_is_answered_once_it_is_back(installation, edge):
    with edge.lost():
        for host in range(1, 4):
            put_address(installation, "late", f"192.0.2.{host}")
    with Asker(edge.dns, "late.demo.test.") as asker:
        eventually(asker.latest, ("192.0.2.3",).__eq__, what="the edge has caught up")


def test_an_edge_cut_off_from_the_feed_serves_on_and_catches_up(installation, edge, separated):
    put_address(installation, "cut", "192.0.2.10")
    with Asker(edge.dns, "cut.demo.test.") as asker:
        eventually(asker.latest, ("192.0.2.10",).__eq__, what="the name is served")
        with installation.cut_off("edge", f"{WEB_HOST}/32"):
            put_address(installation, "cut", "192.0.2.11")
            last()
            assert asker.latest() == ("192.0.2.10",)
        eventually(asker.latest, ("192.0.2.11",).__eq__, what="the edge has caught up")

    told = [answer for answer in asker.changes() if answer]  # empty only before the name was served at all
    assert told == [("192.0.2.10",), ("192.0.2.11",)]
