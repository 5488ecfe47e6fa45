"""Fixtures of every test. The database itself comes from tests.database_plugin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer

from tests.division import Division, begun_first
from tests.emptying import empty_quickly
from tests.running_system import temporary_home


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Division:
    return Division(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # of one process that shares the tests with others
        items.sort(key=lambda item: begun_first(item.nodeid))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres_server: None, django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Asked for by pytest-django before it makes the test database."""
    empty_quickly()


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_home() as path:
        yield path
