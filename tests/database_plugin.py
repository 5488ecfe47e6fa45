"""Tests that touch the database get a real Postgres: the one of DATABASE_URL or an embedded one of their own.

Loaded with `-p` (pyproject.toml): pytest-django reads the settings before any conftest, so the variables
are set here, at import. The embedded Postgres starts when the first test asks for the database, not before.
Processes that share the tests (pytest-xdist) share it too, each with a database to itself: it starts before they do,
and they find its address in DATABASE_URL.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from trafficmgr.runtime.postgres import Access, EmbeddedPostgres, running
from trafficmgr.runtime.service_directory import ServiceDirectory

# Test data may be lost with the machine; the state of an operator may not.
FOR_TESTS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def _unstarted() -> EmbeddedPostgres | None:
    if "DATABASE_URL" in os.environ:
        return None
    home = Path(tempfile.mkdtemp(prefix="trafficmgr-tests-"))
    home.chmod(0o711)  # so that root's service account reaches its own directory inside
    return EmbeddedPostgres(ServiceDirectory.open(home), Access.fresh(), FOR_TESTS)


POSTGRES = _unstarted()
if POSTGRES:
    os.environ["DATABASE_URL"] = POSTGRES.url
os.environ.setdefault("BROKER_URL", "memory://")
os.environ.setdefault("TRAFFICMGR_SECRET_KEY", "only-for-tests-" + "0" * 40)


STARTED = ExitStack()


def _start() -> None:
    if POSTGRES:
        POSTGRES.make()
        STARTED.enter_context(running(POSTGRES, POSTGRES.directory.path.parent / "postgres.log"))


@pytest.fixture(scope="session")
def postgres_server() -> None:
    """A Postgres at DATABASE_URL until the session ends."""
    _start()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """This process runs no tests itself: it starts those that do."""
    _start()


def pytest_unconfigure() -> None:
    STARTED.close()
    if POSTGRES:
        shutil.rmtree(POSTGRES.directory.path.parent, ignore_errors=True)
