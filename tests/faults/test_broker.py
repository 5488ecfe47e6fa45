"""Promise: a broker that is restarted, or forgets all it holds, delays verdicts and makes none."""

from __future__ import annotations

import pytest

from tests.faults.asker import Asker
from tests.faults.conftest import last, put_address, serves
from tests.faults.installation import Installation
from tests.faults.services import Postgres, RabbitMQ, started
from tests.running_system import temporary_home
from tests.scenarios.client import eventually
from trafficmgr.demo.origins import fail

FRA_1, IAD_1 = ("127.0.1.1",), ("127.0.2.1",)


def test_valkey_restarted_and_emptied_invents_nothing(installation, edge, valkey, down):
    with Asker(edge.dns, "api.demo.test.") as asker:
        valkey.stop()
        last()
        valkey.start()
        last()
        valkey.forget()
        put_address(installation, "forgotten", "192.0.2.20")
        with Asker(edge.dns, "forgotten.demo.test.") as other:
            eventually(other.latest, ("192.0.2.20",).__eq__, what="a change is published as ever")
        assert asker.changes() == [FRA_1]
        down("fra-1")
        eventually(asker.latest, IAD_1.__eq__, what="api moves to iad-1")

    assert not asker.lost


@pytest.fixture
def over_rabbitmq(network):
    if not RabbitMQ.is_installed():
        pytest.skip("RabbitMQ (Debian: rabbitmq-server) is not installed")
    with temporary_home() as home:
        postgres, broker = Postgres(home / "postgres"), RabbitMQ(home / "rabbitmq")
        with started(postgres, broker):
            installation = Installation(home, postgres, broker.url)
            with installation.running():
                yield installation, broker


def test_rabbitmq_emptied_and_restarted_invents_nothing(over_rabbitmq):
    installation, broker = over_rabbitmq
    with installation.edge("far") as edge:
        eventually(lambda: serves(edge), bool, what="the edge answers")
        with Asker(edge.dns, "api.demo.test.") as asker:
            broker.forget()
            last()
            put_address(installation, "forgotten", "192.0.2.20")
            with Asker(edge.dns, "forgotten.demo.test.") as other:
                eventually(other.latest, ("192.0.2.20",).__eq__, what="a change is published as ever")
            assert asker.changes() == [FRA_1]
            fail(installation.home, "fra-1")
            eventually(asker.latest, IAD_1.__eq__, what="api moves to iad-1")

    assert not asker.lost
