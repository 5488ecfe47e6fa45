"""With DATABASE_URL and BROKER_URL, nothing is embedded."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.running_system import RunningSystem
from trafficmgr.runtime.postgres import Access, EmbeddedPostgres, running
from trafficmgr.runtime.service_account import run_as
from trafficmgr.runtime.service_directory import ServiceDirectory
from trafficmgr.runtime.valkey import EmbeddedValkey


@pytest.fixture
def database_url(home) -> Iterator[str]:
    """A Postgres that the system under test knows nothing of."""
    postgres = EmbeddedPostgres(ServiceDirectory.open(home), Access.fresh(), {"fsync": "off"})
    postgres.make()
    with running(postgres, home / "postgres.log"):
        yield postgres.url


@pytest.fixture
def broker_url(home) -> Iterator[str]:
    broker = EmbeddedValkey.fresh(ServiceDirectory.open(home))
    broker.make()
    with subprocess.Popen(broker.command(), stdout=subprocess.DEVNULL, **run_as(broker.directory.account)) as process:
        yield broker.url
        process.terminate()


def test_services_of_the_operator_are_used(tmp_path, database_url, broker_url):
    system = RunningSystem(tmp_path, demo=False, variables={"DATABASE_URL": database_url, "BROKER_URL": broker_url})
    system.start()
    try:
        assert not [line for line in system.said if line in {"starting postgres", "starting broker"}]
        assert not (tmp_path / "services").exists()
        assert system.command("status").startswith("generation 1")
    finally:
        system.stop()


def test_a_database_that_does_not_answer_is_named(tmp_path, broker_url):
    nowhere = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "BROKER_URL": broker_url}
    said = RunningSystem(tmp_path, variables=nowhere).command("up", check=False)

    assert "trafficmgr: DATABASE_URL: connection failed" in said
    assert "Traceback" not in said
