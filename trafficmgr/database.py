"""DATABASE_URL as Django wants it. libpq reads it, so it may name several hosts: a primary and its replicas.

postgres://user:password@one:5432,two:5432/name?target_session_attrs=read-write
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from trafficmgr.environment import VariableError

POOL = {"min_size": 0, "max_size": 24, "timeout": 10}
"""More than a web process has threads that answer at once (api.line): none of them waits for another's connection."""


def database(url: str) -> dict[str, Any]:
    """An entry of DATABASES. Raises VariableError.

    A connection is tried before each use, so that no request meets one that Postgres has closed meanwhile.
    """
    try:
        parameters: dict[str, Any] = dict(conninfo_to_dict(url))
    except psycopg.ProgrammingError as error:
        raise VariableError(f"DATABASE_URL: {str(error).strip()}") from error
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parameters.pop("dbname", ""),
        "USER": parameters.pop("user", ""),
        "PASSWORD": parameters.pop("password", ""),
        "HOST": parameters.pop("host", ""),
        "PORT": parameters.pop("port", ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**parameters, "pool": POOL},
    }
