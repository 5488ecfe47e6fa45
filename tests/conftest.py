"""Fixtures of every test. The database itself comes from tests.database_plugin."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def django_db_modify_db_settings(postgres_server: None) -> None:
    """Asked for by pytest-django before it makes the test database."""
