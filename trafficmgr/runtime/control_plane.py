"""The control plane, inside `trafficmgr up`: Django is loaded late, while Postgres starts."""

from __future__ import annotations

import os

import django
import psycopg
from django.db import DatabaseError, close_old_connections, connection
from django.db.migrations.executor import MigrationExecutor

from trafficmgr.environment import Environment
from trafficmgr.runtime.problem import StartError

OLDEST_POSTGRES = 15
CONNECT_TIMEOUT_S = 10


class DatabaseUnusableError(StartError):
    """DATABASE_URL names something that cannot be used."""


def load() -> None:
    """Load the settings and models. Needs services.env to be written, not the database to run."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trafficmgr.settings")
    django.setup()


def prepare(environment: Environment) -> None:
    """Bring the database up to date and make what a first start needs."""
    from django.core.management import call_command  # noqa: PLC0415 - after load()

    from trafficmgr import first_start  # noqa: PLC0415 - imports models, so after load()

    _check_version(environment.require_database_url())
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:  # the command takes a second even where there is nothing to do
        call_command("migrate", interactive=False, verbosity=0)
    first_start.prepare(environment)


def vantage_regions() -> list[str] | None:
    """Names of the regions that probe, in the order of their making; None while the database cannot say."""
    from regions.models import Region  # noqa: PLC0415 - a model, so after load()

    try:
        close_old_connections()
        names = list(Region.objects.filter(is_vantage=True).order_by("pk").values_list("name", flat=True))
    except DatabaseError:
        return None
    return list(dict.fromkeys(names))


def _check_version(url: str) -> None:
    """Ask without Django's pool, which tries for long and does not say why it failed."""
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S) as connected:
            major = connected.info.server_version // 10_000
    except psycopg.Error as error:
        raise DatabaseUnusableError(f"DATABASE_URL: {str(error).strip()}") from error
    if major < OLDEST_POSTGRES:
        raise DatabaseUnusableError(f"DATABASE_URL: Postgres {major} is too old, {OLDEST_POSTGRES} or newer is needed")
