"""Fixtures of every test. The database itself comes from tests.database_plugin."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.emptying import empty_quickly
from tests.running_system import RunningSystem, temporary_home


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres_server: None) -> None:
    """Asked for by pytest-django before it makes the test database."""
    empty_quickly()


@pytest.fixture
def home() -> Iterator[Path]:
    with temporary_home() as path:
        yield path


@pytest.fixture(scope="session")
def running_system() -> Iterator[RunningSystem]:
    """The whole system with its demo, started once for all scenarios."""
    with temporary_home() as path:
        system = RunningSystem(path)
        system.start()
        yield system
        if system.is_running:
            system.stop()
