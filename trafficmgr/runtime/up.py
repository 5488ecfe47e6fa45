"""`trafficmgr up`: the whole system on one machine.

hold the state directory ─► services ─► migrate, first start ─► processes ─► ready ─► watch … ─► stop all
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from common.addresses import reachable
from common.ports import is_free
from trafficmgr.environment import Environment, declared_environment, environment
from trafficmgr.runtime import control_plane
from trafficmgr.runtime.embedded import Services
from trafficmgr.runtime.postgres import START_TIMEOUT_S
from trafficmgr.runtime.problem import StartError
from trafficmgr.runtime.programs import fixed_processes, worker_of_new_region, workers
from trafficmgr.runtime.readiness import edge_answers, web_is_ready
from trafficmgr.runtime.state_directory import StateDirectory
from trafficmgr.runtime.supervision import FAILING, Supervision
from trafficmgr.runtime.waiting import wait_until

READY_TIMEOUT_S = 90.0
WATCH_S = 1.0
LOG_LINES = 12
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Say = Callable[[str], None]


class AddressTakenError(StartError):
    """Something else listens where the system should."""


def up(say: Say) -> None:
    """Run everything until SIGTERM or SIGINT, telling progress by `say`. Raises StartError."""
    declared = declared_environment()
    state = StateDirectory.open(declared.home)
    os.environ["TRAFFICMGR_HOME"] = str(state.path)  # children run elsewhere
    for number in STOP_SIGNALS:  # set for both: SIGINT starts out ignored in the background of a shell
        signal.signal(number, _interrupt)
    try:
        with state.alone():
            _wait_for_leftovers(state, say)
            _check_addresses(declared)
            with Supervision(state) as supervision:
                System(state, declared, supervision, say).run()
    except KeyboardInterrupt:
        say("stopped")


def _interrupt(*_: object) -> None:
    """Ctrl-C by another name. A second one must not interrupt the stopping."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _wait_for_leftovers(state: StateDirectory, say: Say) -> None:
    if state.has_leftovers():
        say("waiting for processes of an earlier start to end")
        state.wait_for_leftovers()


def _check_addresses(declared: Environment) -> None:
    dns = [(address, kind) for address in declared.dns for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)]
    for variable, address, kind in [
        ("TRAFFICMGR_WEB", declared.web, socket.SOCK_STREAM),
        *(("TRAFFICMGR_DNS", address, kind) for address, kind in dns),
    ]:
        if not is_free(address, kind):
            raise AddressTakenError(
                f"{address} is taken: stop what listens there, or set {variable} to another address"
            )


@dataclass
class System:
    """Everything that `trafficmgr up` runs."""

    state: StateDirectory
    declared: Environment
    supervision: Supervision
    say: Say
    regions: list[str] = field(default_factory=list)
    complained: set[str] = field(default_factory=set)
    began: float = field(default_factory=time.monotonic)

    def run(self) -> None:
        """Start, say so, and watch until interrupted."""
        self._start_services()
        self._prepare()
        self._start_processes()
        self._say_ready()
        while True:
            time.sleep(WATCH_S)
            self._complain()
            self._follow_regions()

    def _start_services(self) -> None:
        services = Services.make(self.state, self.declared)
        for program in services.programs():
            self.say(f"starting {program.name}")
        self.supervision.add(services.programs())
        services.write(self.state, self.declared)
        control_plane.load()
        self._wait(services.take_connections, START_TIMEOUT_S, "services take connections")

    def _prepare(self) -> None:
        self.say("preparing the database")
        control_plane.prepare(environment())
        self.regions = control_plane.vantage_regions() or []

    def _start_processes(self) -> None:
        programs = [*fixed_processes(self.declared.demo, counts=bool(self.declared.rum_stream)), *workers(self.regions)]
        self.say(f"starting {', '.join(program.name for program in programs)}")
        self.supervision.add(programs)
        self._wait(lambda: web_is_ready(self.declared.web_url), READY_TIMEOUT_S, "GET /readyz answers 200")
        self._wait(lambda: edge_answers(reachable(self.declared.dns[0])), READY_TIMEOUT_S, "the edge answers")

    def _say_ready(self) -> None:
        self.say(
            f"ready in {time.monotonic() - self.began:.1f} s: web {self.declared.web_url}, "
            f"DNS {', '.join(self.declared.dns)}, login in {self.state.path / 'admin.json'}"
        )

    def _wait(self, happened: Callable[[], bool], timeout_s: float, what: str) -> None:
        def happened_meanwhile() -> bool:
            self._complain()
            return happened()

        wait_until(happened_meanwhile, timeout_s, f"{what} (logs are in {self.state.path / 'logs'})")

    def _follow_regions(self) -> None:
        """Give a region that was declared meanwhile its worker."""
        for region in control_plane.vantage_regions() or []:
            if region not in self.regions:
                self.regions.append(region)
                self.say(f"starting a worker for the new region {region}")
                self.supervision.add([worker_of_new_region(region)])

    def _complain(self) -> None:
        """Say once of every failing program what its log says last; begin anew with those given up."""
        for name, state in self.supervision.states().items():
            if state == "RUNNING":
                self.complained.discard(name)
            elif state in FAILING and name not in self.complained:
                self.complained.add(name)
                self.say(f"{name} keeps failing; the last lines of {self.state.log(name)}:\n{self._last_lines(name)}")
            if state == "FATAL":
                self.supervision.start_again(name)

    def _last_lines(self, name: str) -> str:
        lines = self.state.log(name).read_text(errors="replace").splitlines()[-LOG_LINES:]
        return "\n".join(f"    {line}" for line in lines)
