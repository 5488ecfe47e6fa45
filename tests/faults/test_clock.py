"""Promise: an edge whose wall clock jumps answers as before, and goes on following what changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.asker import Asker
from tests.faults.conftest import last, put_address, serves
from tests.scenarios.client import eventually

FRA_1, IAD_1 = ("127.0.1.1",), ("127.0.2.1",)
LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
JUMPS = {"ahead": "+6h", "behind": "-6h"}


@pytest.fixture(params=JUMPS)
def clock(request, installation, tmp_path):
    """An edge, and what has its wall clock jump."""
    if LIBRARY is None:
        pytest.skip("libfaketime (Debian: libfaketime) is not installed")
    said = tmp_path / "faketime"
    said.write_text("+0h")
    tmp_path.chmod(0o755)
    with installation.edge(request.param) as edge:
        edge.kill()
        edge.environment = {
            **edge.environment,
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(said),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        edge.start()
        eventually(lambda: serves(edge), bool, what="the edge answers")
        yield edge, lambda: said.write_text(JUMPS[request.param])


def test_a_wall_clock_that_jumps_changes_no_answer_and_stops_no_news(installation, clock, down):
    edge, jump = clock
    with Asker(edge.dns, "api.demo.test.") as asker:
        jump()
        last()
        assert asker.changes() == [FRA_1]
        put_address(installation, "jumped", "192.0.2.60")
        with Asker(edge.dns, "jumped.demo.test.") as other:
            eventually(other.latest, ("192.0.2.60",).__eq__, what="a change is answered as ever")
        down("fra-1")
        eventually(asker.latest, IAD_1.__eq__, what="api moves to iad-1")

    assert not asker.lost
