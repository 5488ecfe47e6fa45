"""What the probers of a process see is stored by it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from healthchecks import probers
from healthchecks.history.models import MinuteOutcomes
from healthchecks.history.storing import store_minutes
from healthchecks.history.writer import MinuteWriter
from healthchecks.models import Check
from healthchecks.services import assign
from tests.healthchecks.test_losses import Origin
from tests.healthchecks.waiting import wait_until


@pytest.fixture
def writer(monkeypatch) -> MinuteWriter:
    """That of a process that has just started."""
    writer = MinuteWriter(store_minutes)
    monkeypatch.setattr(probers, "_history", writer)
    monkeypatch.setattr(probers, "_probers", {})
    return writer


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_ticked_prober_fills_the_minutes(transactional_db, settings, team, fra_1, vantages, writer, origin):
    settings.PROBE_PRIVATE_ADDRESSES = True
    fra_1.ipv4, fra_1.port = origin.server_address[:2]
    fra_1.save()
    assign(Check.objects.create(team=team, name="web", kind="http", interval_ms=250, timeout_ms=250), [fra_1])
    prober = probers.prober_of("eu")

    def probed() -> bool:
        prober.tick()
        return origin.probes >= 3

    wait_until(probed, "three probes")
    prober.close()
    writer.close()

    rows = list(MinuteOutcomes.objects.all())
    assert sum(row.probes for row in rows) >= 2
    assert {row.vantage_id for row in rows} == {vantages["eu"].pk}
