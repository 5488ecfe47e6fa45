"""supervisord, run as a child: it starts, watches, restarts and stops every program.

    trafficmgr up ──ties──► supervisord ──ties──► postgres, broker, web, worker-eu, …
                  ──RPC──►  add, states, stop

Whoever is killed takes everything below along (tied.py).
"""

from __future__ import annotations

import configparser
import contextlib
import os
import secrets
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from io import StringIO
from pathlib import Path
from typing import Any, Self
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import SupervisorTransport

from common.ports import LOOPBACK, free_port
from trafficmgr.runtime.problem import StartError
from trafficmgr.runtime.programs import Program
from trafficmgr.runtime.secret_file import write_secret
from trafficmgr.runtime.state_directory import StateDirectory
from trafficmgr.runtime.tying import tie
from trafficmgr.runtime.waiting import wait_until

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 15  # of one program, before it is killed
RETRIES = 20  # the n-th try waits n seconds; then `trafficmgr up` begins anew
ENDED = {"STOPPED", "EXITED", "FATAL"}
FAILING = {"BACKOFF", "FATAL", "EXITED"}


class SupervisionError(StartError):
    """supervisord did not start or is gone."""


@dataclass
class Supervision:
    """The programs under supervision. A context: leaving it stops them all, services last."""

    state: StateDirectory
    programs: list[Program] = field(default_factory=list)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    port: int = field(default_factory=free_port)

    def __enter__(self) -> Self:
        self._write_configuration()
        command = [sys.executable, "-m", "supervisor.supervisord", "--nodaemon", "-c", str(self._configuration)]
        with self.state.log("supervisord").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                tie(command, signal="SIGTERM", lock=self.state.children_lock),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches `trafficmgr up` alone, which stops things in their order
            )
        self._rpc = self._connect()
        wait_until(self._answers, START_TIMEOUT_S, "supervisord answers")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None and self._answers():
            self._stop([program for program in self.programs if not program.is_service])
            self._stop([program for program in self.programs if program.is_service])
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()

    def add(self, programs: Iterable[Program]) -> None:
        """Start more programs; returns once they are launched, not once they are ready."""
        added = list(programs)
        self.programs.extend(added)
        self._write_configuration()
        self._rpc.supervisor.reloadConfig()
        for program in added:
            self._rpc.supervisor.addProcessGroup(program.name)

    def states(self) -> dict[str, str]:
        """The state of every program, in supervisord's words."""
        if self._process.poll() is not None:
            raise SupervisionError(f"supervisord ended: see {self.state.log('supervisord')}")
        rows: list[dict[str, Any]] = self._rpc.supervisor.getAllProcessInfo()  # type: ignore[assignment]
        return {row["name"]: row["statename"] for row in rows}

    def start_again(self, name: str) -> None:
        """Begin anew with a program that was given up."""
        self._rpc.supervisor.startProcess(name, False)

    def _stop(self, programs: Sequence[Program]) -> None:
        """Stop programs all at once and forget them; left to itself, supervisord takes a second for each."""
        names = {program.name for program in programs}
        for name in names:
            with contextlib.suppress(Fault):  # it does not run
                self._rpc.supervisor.stopProcess(name, False)
        wait_until(lambda: names <= self._ended(), STOP_TIMEOUT_S + 5, f"{', '.join(sorted(names))} stop")
        for name in names:
            self._rpc.supervisor.removeProcessGroup(name)

    def _ended(self) -> set[str]:
        return {name for name, state in self.states().items() if state in ENDED}

    def _connect(self) -> ServerProxy:
        url = f"http://{LOOPBACK}:{self.port}"
        return ServerProxy(url, transport=SupervisorTransport("up", self.password, url))

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise SupervisionError(f"supervisord ended: see {self.state.log('supervisord')}")
        try:
            return bool(self._rpc.supervisor.getState())
        except (OSError, HTTPException):
            self._rpc("close")()  # else the next request would find the last one unanswered
            return False

    @property
    def _configuration(self) -> Path:
        return self.state.path / "supervisord.conf"

    def _write_configuration(self) -> None:
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_dict(self._sections())
        text = StringIO()
        parser.write(text)
        write_secret(self._configuration, text.getvalue())

    def _sections(self) -> dict[str, dict[str, str]]:
        return {
            "supervisord": {
                "logfile": "/dev/null",  # it logs to its standard output too, which is the log
                "logfile_maxbytes": "0",
                "pidfile": _escaped(str(self.state.path / "supervisord.pid")),
                **({"user": "root"} if os.geteuid() == 0 else {}),  # said, for it warns where it is not
            },
            "inet_http_server": {"port": f"{LOOPBACK}:{self.port}", "username": "up", "password": self.password},
            "rpcinterface:supervisor": {
                "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
            },
            **{f"program:{program.name}": self._section(program) for program in self.programs},
        }

    def _section(self, program: Program) -> dict[str, str]:
        return {
            "command": _escaped(shlex.join(program.tied(self.state.children_lock))),
            "priority": "1" if program.is_service else "100",
            "autorestart": "true",
            "startretries": str(RETRIES),
            "stopsignal": program.stop_signal.removeprefix("SIG"),
            "stopwaitsecs": str(STOP_TIMEOUT_S),
            "redirect_stderr": "true",
            "stdout_logfile": _escaped(str(self.state.log(program.name))),
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": "2",
        }


def _escaped(value: str) -> str:
    """supervisord expands %(name)s."""
    return value.replace("%", "%%")
