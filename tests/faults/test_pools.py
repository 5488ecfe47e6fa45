"""Promise: however endpoints behave, an answer is never empty, and one that flaps does not make it flap for long."""

from __future__ import annotations

import time

from tests.faults.asker import Asker
from tests.faults.conftest import OUTAGE_S
from tests.scenarios.client import eventually
from trafficmgr.demo.origins import fail, recover

FRA_1, IAD_1 = ("127.0.1.1",), ("127.0.2.1",)
ALL = {"fra-1", "iad-1", "sin-1"}


def test_all_endpoints_of_a_pool_down_at_once_leave_the_answer_as_it_was(installation, edge, down):
    with Asker(edge.dns, "api.demo.test.") as asker:
        for name in ALL:
            down(name)
        eventually(installation.down, ALL.__le__, what="all of api are down")
        eventually(asker.latest, FRA_1.__eq__, what="the first of them is answered")

    assert not asker.lost
    assert () not in asker.changes()


def test_an_endpoint_that_flaps_each_second_never_empties_an_answer(installation, edge, down):
    down("fra-1")
    end = time.monotonic() + 2 * OUTAGE_S
    with Asker(edge.dns, "api.demo.test.") as asker:
        while time.monotonic() < end:
            for flip in (fail, recover):
                flip(installation.home, "fra-1")
                time.sleep(0.5)

    assert not asker.lost
    assert set(asker.changes()) <= {FRA_1, IAD_1}
