"""Postgres and broker for a machine that has none, and the file that tells every process where they are."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from trafficmgr.environment import Environment, environment
from trafficmgr.runtime.postgres import Access, EmbeddedPostgres
from trafficmgr.runtime.programs import Program, broker_program, postgres_program
from trafficmgr.runtime.secret_file import write_secret
from trafficmgr.runtime.service_directory import ServiceDirectory
from trafficmgr.runtime.state_directory import StateDirectory
from trafficmgr.runtime.valkey import EmbeddedValkey


@dataclass(frozen=True)
class Services:
    """The embedded ones; None where a variable names another."""

    postgres: EmbeddedPostgres | None
    broker: EmbeddedValkey | None

    @classmethod
    def make(cls, state: StateDirectory, declared: Environment) -> Services:
        """Make what DATABASE_URL and BROKER_URL do not name, ready to be started."""
        if declared.database_url and declared.broker_url:
            return cls(None, None)
        directory = ServiceDirectory.open(state.path)
        services = cls(
            None if declared.database_url else EmbeddedPostgres(directory, Access.of(state.path)),
            None if declared.broker_url else EmbeddedValkey.fresh(directory),
        )
        for service in services.all():
            service.make()
        return services

    def all(self) -> list[EmbeddedPostgres | EmbeddedValkey]:
        return [service for service in (self.postgres, self.broker) if service]

    def programs(self) -> list[Program]:
        programs = [postgres_program(self.postgres)] if self.postgres else []
        return [*programs, broker_program(self.broker)] if self.broker else programs

    def take_connections(self) -> bool:
        return all(service.takes_connections() for service in self.all())

    def write(self, state: StateDirectory, declared: Environment) -> None:
        """Write services.env, so that every process and `python manage.py shell` find the running system."""
        variables = {
            "DATABASE_URL": self.postgres.url if self.postgres else declared.database_url,
            "BROKER_URL": self.broker.url if self.broker else declared.broker_url,
            "TRAFFICMGR_SECRET_KEY": _secret_key(),
            "TRAFFICMGR_PROBE_PRIVATE": "1",  # on one machine, endpoints are where everything is; the environment wins
        }
        write_secret(
            state.services_env, "".join(f"{name}={_quoted(value or '')}\n" for name, value in variables.items())
        )
        environment.cache_clear()


def _secret_key() -> str:
    """The one in use, so that sessions outlive a restart."""
    known = environment().secret_key
    return known.get_secret_value() if known else secrets.token_urlsafe(50)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
