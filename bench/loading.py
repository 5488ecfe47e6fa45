"""`python -m bench.loading`: how long large data takes to load, and a change to be answered (docs/performance.md)."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path

from bench.dataset import Dataset, Zone, static_names, steered_names
from bench.dns import COUNTRY, choice_of, installed
from bench.processes import Running, ServerFailedError, ask, running
from bench.report import table
from bench.servers import SERVERS
from bench.servers.server import Change, Server
from bench.workloads import NOERROR, Query, Workload
from common.ports import free_port

NEW_ADDRESS = "203.0.113.77"
MOVED_COUNTRY, MOVED_SUBNET, NEW_REGION = "country:JP", "133.11.0.0", "sa"
VISIBLE_S = 60.0
HEADINGS = ("server", "load s", "wall s", "MB", "change live ms")


@dataclass(frozen=True, slots=True)
class Phase:
    """`before` is loaded; then `after` is written, and `probe` asked until `shows` says that it is served."""

    name: str
    before: Dataset
    after: Dataset
    change: Change
    probe: Query
    shows: Callable[[bytes], bool]

    @property
    def steers(self) -> bool:
        return self.change is Change.RULE


@dataclass(frozen=True, slots=True)
class Loaded:
    """Processor time and wall time from start to the first answer; milliseconds from the reload to the new answer."""

    server: str
    processor_s: float
    wall_s: float
    memory_mb: float
    live_ms: float

    def cells(self) -> tuple[str, ...]:
        return (
            self.server,
            f"{self.processor_s:.2f}",
            f"{self.wall_s:.2f}",
            f"{self.memory_mb:,.0f}",
            f"{self.live_ms:,.1f}",
        )


def phases(zones: int, records: int) -> Iterator[Phase]:
    many = tuple(Zone(f"z{number:05}.test.", 10) for number in range(zones))
    yield _record_phase(f"{zones:,} zones of 10 records", many)
    yield _record_phase(f"one zone of {records:,} records", (Zone("large.test.", records),))
    yield _rule_phase()


def _record_phase(name: str, zones: tuple[Zone, ...]) -> Phase:
    first = zones[0]
    changed = replace(first, serial=2, changed=NEW_ADDRESS)
    label, _address = next(first.addresses())
    return Phase(
        name=name,
        before=Dataset(zones),
        after=Dataset((changed, *zones[1:]), generation=2),
        change=Change.RECORD,
        probe=Query(f"{label}.{first.origin}", None, NOERROR),
        shows=lambda reply: IPv4Address(NEW_ADDRESS).packed in reply,
    )


def _rule_phase() -> Phase:
    steered = steered_names()
    before = Dataset(static_names(), steered, COUNTRY)
    after = replace(before, rules=before.rules | {MOVED_COUNTRY: NEW_REGION}, generation=2)
    expected = [IPv4Address(endpoint.address).packed for endpoint in steered[0].in_region(NEW_REGION)]
    return Phase(
        name="100 steered names; a rule is changed",
        before=before,
        after=after,
        change=Change.RULE,
        probe=Query(f"{steered[0].label}.{before.zones[0].origin}", MOVED_SUBNET, NOERROR),
        shows=lambda reply: any(address in reply for address in expected),
    )


def measure(server: Server, phase: Phase, directory: Path) -> Loaded:
    """Raises ServerFailedError."""
    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    server.prepare(phase.before, directory, port)
    started = time.perf_counter()
    with running(server, directory, port, phase.probe) as process:
        wall_s, processor_s, memory_mb = time.perf_counter() - started, process.processor_s(), process.memory_mb()
        reply = ask(port, phase.probe)
        if reply is None:
            raise ServerFailedError(f"{server.name}: no longer answers {phase.probe.name}")
        if phase.shows(reply):
            raise ServerFailedError(f"{server.name}: serves the change before it was made")
        server.prepare(phase.after, directory, port)
        live_ms = _live_ms(server, phase, directory, process)
    return Loaded(server.name, processor_s, wall_s, memory_mb, live_ms)


def _live_ms(server: Server, phase: Phase, directory: Path, process: Running) -> float:
    started = time.perf_counter()
    server.reload(directory, process.process, phase.change)
    while time.perf_counter() - started < VISIBLE_S:
        reply = ask(process.port, phase.probe, timeout_s=0.05)
        if reply is not None and phase.shows(reply):
            return (time.perf_counter() - started) * 1000
    raise ServerFailedError(f"{server.name}: the change is not served after {VISIBLE_S:.0f} s")


def run(phase: Phase, servers: Sequence[Server], work: Path) -> Iterator[Loaded]:
    """A server that fails is left out."""
    workload = Workload(phase.name, steers=phase.steers)
    for server in servers:
        if server.judge != "dns" or not server.supports(workload):
            continue
        try:
            yield measure(server, phase, work / server.name)
        except ServerFailedError as error:
            print(f"{server.name}: left out: {error}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.loading", description=__doc__)
    parser.add_argument("--servers", type=choice_of(SERVERS), default=list(SERVERS), help=",".join(SERVERS))
    parser.add_argument("--zones", type=int, default=10_000)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--work", type=Path, default=Path("build/bench"), help="where configurations and zones go")
    options = parser.parse_args(arguments)
    servers = list(installed(options.servers))
    for number, phase in enumerate(phases(options.zones, options.records), start=1):
        lines = [loaded.cells() for loaded in run(phase, servers, options.work.resolve() / f"loading-{number}")]
        print(f"\n### {phase.name}\n\n{table(HEADINGS, lines)}\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
