"""The embedded Postgres: made once, then started by a supervisor or, for tests, by `running`.

It listens on 127.0.0.1 alone, wants a password (SCRAM), and runs as an ordinary account even where root starts it.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psycopg

from trafficmgr.runtime.ports import LOOPBACK, free_port, is_free
from trafficmgr.runtime.postgres_files import choose_directory, make_private, usable_programs
from trafficmgr.runtime.secret_file import write_secret
from trafficmgr.runtime.service_account import ServiceAccount, run_as, service_account

USER = "trafficmgr"
DATABASE = "postgres"  # made by initdb; a cluster of our own needs no second one
START_TIMEOUT_S = 60.0  # recovery after a crash may take a while
STOP_TIMEOUT_S = 30.0
POLL_S = 0.02
MAX_CONNECTIONS = 200


class PostgresProblem(Exception):
    """The embedded Postgres could not be made or started. The message carries what it said."""


@dataclass(frozen=True)
class Place:
    """What must be remembered between starts; kept in `postgres.json` of the state directory."""

    directory: str
    password: str
    port: int


@dataclass(frozen=True)
class EmbeddedPostgres:
    """One Postgres of our own. `settings` are put on its command line."""

    place: Place
    account: ServiceAccount | None
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def directory(self) -> Path:
        return Path(self.place.directory)

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def url(self) -> str:
        return f"postgres://{USER}:{self.place.password}@{LOOPBACK}:{self.place.port}/{DATABASE}"

    def command(self) -> list[str]:
        """The postmaster in the foreground. Its fast shutdown is SIGINT."""
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self.place.port),
            "unix_socket_directories": "",  # a path below a long state directory would exceed what a socket may have
            "max_connections": str(MAX_CONNECTIONS),
            **self.settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(usable_programs(self.directory, self.account) / "postgres"), "-D", str(self.data), *options]

    def make(self) -> None:
        """Make the cluster, once. A start that was killed half-way leaves nothing that looks like one."""
        if self.data.exists():
            return
        make_private(self.directory, self.account)
        unfinished = self.directory / "data.unfinished"
        self._run("rm", "-rf", str(unfinished))
        password_file = self.directory / "password"
        write_secret(password_file, self.place.password, self.account)
        try:
            self._initdb(unfinished, password_file)
        finally:
            password_file.unlink()
        unfinished.rename(self.data)

    def wait_until_ready(self, still_running: Iterator[None] | None = None) -> None:
        """Return once it takes connections. `still_running` is stepped at every try and may raise."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.takes_connections():
            if time.monotonic() > deadline:
                raise PostgresProblem(f"Postgres in {self.directory} took no connection in {START_TIMEOUT_S:.0f} s")
            if still_running:
                next(still_running)
            time.sleep(POLL_S)

    def takes_connections(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _initdb(self, data: Path, password_file: Path) -> None:
        self._run(
            str(usable_programs(self.directory, self.account) / "initdb"),
            f"--pgdata={data}",
            f"--username={USER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        )

    def _run(self, *command: str) -> None:
        """Run a command as the account of this Postgres."""
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **run_as(self.account))  # noqa: S603
        if done.returncode:
            raise PostgresProblem(f"{Path(command[0]).name} failed: {done.stderr.strip() or done.stdout.strip()}")


def embedded_postgres(home: Path, settings: Mapping[str, str] | None = None) -> EmbeddedPostgres:
    """The Postgres of the state directory `home`, made if there is none. Its port stays the same while it is free."""
    account = service_account()
    postgres = EmbeddedPostgres(_place(home, account), account, settings or {})
    postgres.make()
    return postgres


@contextlib.contextmanager
def running(postgres: EmbeddedPostgres, log: Path) -> Iterator[EmbeddedPostgres]:
    """A Postgres outside supervision, for as long as the context lasts."""
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603
            postgres.command(), cwd="/", stdout=output, stderr=output, **run_as(postgres.account)
        )
    try:
        postgres.wait_until_ready(_raising_when_ended(process, log))
        yield postgres
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STOP_TIMEOUT_S)


def _raising_when_ended(process: subprocess.Popen[bytes], log: Path) -> Iterator[None]:
    while process.poll() is None:
        yield
    raise PostgresProblem(f"Postgres ended with {process.returncode}: {log.read_text()[-2000:]}")


def _place(home: Path, account: ServiceAccount | None) -> Place:
    record = home / "postgres.json"
    if record.exists():
        known = Place(**json.loads(record.read_text()))
        place = known if is_free(f"{LOOPBACK}:{known.port}") else Place(known.directory, known.password, free_port())
    else:
        place = Place(str(choose_directory(home, account)), secrets.token_urlsafe(24), free_port())
    write_secret(record, json.dumps(asdict(place)))
    return place
