"""Promise: Postgres may go away, come back, or come back as another one; answers stay right, and nothing is lost."""

from __future__ import annotations

import signal

import pytest

from common.ports import LOOPBACK
from tests.faults.asker import Asker
from tests.faults.conftest import last, put_address, serves
from tests.faults.installation import Installation
from tests.faults.services import Postgres, Valkey, started
from tests.running_system import temporary_home
from tests.scenarios.client import call, eventually
from trafficmgr.demo.origins import fail

FRA_1, IAD_1 = ("127.0.1.1",), ("127.0.2.1",)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT], ids=["in order", "as by a crash"])
def test_a_restart_of_postgres_is_not_seen_by_anyone_who_asks(installation, edge, number):
    with Asker(edge.dns, "api.demo.test.") as asker:
        with installation.postgres.away(number):
            last()
        assert call(installation, "GET", "/api/v1/regions")[0] == 200, "the first request after the restart"
        put_address(installation, "restarted", f"192.0.2.{number}")
        with Asker(edge.dns, "restarted.demo.test.") as other:
            eventually(other.latest, (f"192.0.2.{number}",).__eq__, what="a change is published as ever")

    assert not asker.lost
    assert asker.changes() == [FRA_1]


def test_an_endpoint_that_dies_without_postgres_leaves_the_answers_once_it_is_back(installation, edge, down):
    with Asker(edge.dns, "api.demo.test.") as asker:
        with installation.postgres.away(signal.SIGINT):
            down("fra-1")
            last()
            assert asker.changes() == [FRA_1]
        eventually(asker.latest, IAD_1.__eq__, what="api moves to iad-1")

    assert not asker.lost
    assert asker.changes() == [FRA_1, IAD_1]


@pytest.fixture
def failing_over(network):
    """An installation over a primary and its replica, and both of them."""
    with temporary_home() as home:
        primary, broker = Postgres(home / "primary", {"synchronous_standby_names": "*"}), Valkey(home)
        with started(broker):
            primary.settings.clear()
            primary.start()
            replica = primary.replica(home / "replica")
            with started(replica):
                url = primary.url.replace(
                    f"{LOOPBACK}:{primary.access.port}",
                    f"{LOOPBACK}:{primary.access.port},{LOOPBACK}:{replica.access.port}",
                )
                installation = Installation(
                    home, primary, broker.url, database_url=f"{url}?target_session_attrs=read-write"
                )
                with installation.running():
                    yield installation, primary, replica
            primary.end(signal.SIGQUIT)


def test_a_failover_to_a_replica_loses_nothing_that_was_acknowledged(failing_over):
    installation, primary, replica = failing_over
    with installation.edge("far") as edge:
        eventually(lambda: serves(edge), bool, what="the edge answers")
        put_address(installation, "before", "192.0.2.1")
        with Asker(edge.dns, "api.demo.test.") as asker:
            primary.end(signal.SIGQUIT)
            last()
            replica.sql("SELECT pg_promote()")
            eventually(installation.ups, (6).__eq__, what="the control plane goes on with the replica")
            put_address(installation, "after", "192.0.2.2")
            for name, address in [("before", "192.0.2.1"), ("after", "192.0.2.2")]:
                with Asker(edge.dns, f"{name}.demo.test.") as other:
                    eventually(other.latest, (address,).__eq__, what=f"{name} is answered")
            assert asker.changes() == [FRA_1]
            fail(installation.home, "fra-1")
            eventually(asker.latest, IAD_1.__eq__, what="health goes on with the replica")

    assert not asker.lost
