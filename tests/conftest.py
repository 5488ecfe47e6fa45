"""Fixtures of every test. The database itself comes from tests.database_plugin."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres_server: None) -> None:
    """pytest-django asks for this before it makes the test database; a conftest is where it lets itself be overridden."""
