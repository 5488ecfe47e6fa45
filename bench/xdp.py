"""`python -m bench.xdp`: what an answer costs over AF_XDP, between two network namespaces (docs/xdp.md).

The generator is Knot's kxdpgun, which sends and receives over AF_XDP itself: one that uses sockets is slower than
what it is to measure. A server's cost is the processor time of its threads for each frame that leaves by its end of
the cable. The kernel charges whoever sends with delivering to the other end: every server pays for kxdpgun's
receiving, and kxdpgun for the server's, up to the queue that its threads take from.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import report, tools
from bench.cores import GENERATOR_CORE, REALTIME_PRIORITY, SERVER_CORE, mode_of, ping_ns
from bench.dataset import Dataset
from bench.dns import COUNTRY, QUERIES
from bench.namespaces import CLIENT_INTERFACE, INTERFACE, SERVER, Cable, cable, within
from bench.servers.knot import KnotGeoip
from bench.servers.ours import Ours
from bench.servers.server import ADDRESS, Server, program
from bench.tools import tool
from bench.workloads import WORKLOADS, Query, dataset_of, queries_of

PORT = 5300
CLIENTS = "198.19.0.0/16"
"""What kxdpgun sends from, so that no rate limit takes it for a single client."""
START_S, LATE_S = 20.0, 10.0
HEADINGS = ("server", "ns/query", "x echo", "qps", "replies right", "rounds")


@dataclass(frozen=True, slots=True)
class Contender:
    """`server` None: the echo, which has nothing to prepare."""

    name: str
    server: Server | None
    xdp: bool = False

    def prepare(self, directory: Path, dataset: Dataset) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        if self.server is not None:
            self.server.prepare(dataset, directory, PORT)

    def command(self, directory: Path) -> list[str]:
        address = f"{SERVER[0]}:{PORT}"
        match self.server:
            case None:
                return [str(tool("udp-echo")), address]
            case Ours():
                home = str(directory / "home")
                return [sys.executable, "-m", "bench.serve", home, address, *([INTERFACE] if self.xdp else [])]
            case _:
                return [program("knotd"), "-c", str(_at_the_cable(directory / "knot.conf", self.xdp))]


CONTENDERS = (
    Contender("echo", None),
    Contender("ours", Ours()),
    Contender("ours-xdp", Ours(), xdp=True),
    Contender("knot-xdp", KnotGeoip(), xdp=True),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """`replies`: answered with NOERROR, as kxdpgun counts; the echo's are no replies."""

    contender: str
    round: int
    cpu_ns: float
    qps: float
    replies: int
    mode: str


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if shutil.which("kxdpgun") is None:
        sys.exit("kxdpgun is needed, which comes with Knot's utilities (knot-dnsutils)")
    tools.build()
    for workload in options.workloads.split(","):
        cells = list(_run(workload, options))
        print(f"\n### {workload}\n\n{report.table(HEADINGS, list(_rows(cells)))}\n", flush=True)
    return 0


def _run(workload: str, options: argparse.Namespace) -> Iterator[Cell]:
    work: Path = (options.work / workload).resolve()
    dataset = dataset_of(WORKLOADS[workload], COUNTRY, lambda: COUNTRY)
    for contender in CONTENDERS:
        contender.prepare(work / contender.name, dataset)
    queries = queries_of(WORKLOADS[workload], dataset, QUERIES)
    file = work / "queries.txt"
    # E: with EDNS. A client subnet cannot be asked for: names are steered by the source address.
    file.write_text("".join(f"{query.name} A E\n" for query in queries))
    for round_ in range(options.rounds):
        for contender in CONTENDERS:
            cell = _measure(contender, work / contender.name, (file, queries[0]), round_, options)
            print(
                f"round {round_ + 1}  {cell.contender:<9} {cell.cpu_ns:7,.0f} ns/query {cell.qps:9,.0f} qps"
                f"  {cell.replies:9,} replies  {cell.mode} pair",
                flush=True,
            )
            yield cell


def _measure(
    contender: Contender, directory: Path, queries: tuple[Path, Query], round_: int, options: argparse.Namespace
) -> Cell:
    file, first = queries
    ping = ping_ns(options.realtime)
    with cable() as ends, _running(contender, directory, ends, first, options.realtime) as process:
        generator = _generator(ends, file, options)
        time.sleep(options.warmup)
        with _punctually(options.realtime):
            started, cpu_ns, frames = time.monotonic(), _cpu_ns(process.pid), _frames_sent(process.pid)
            time.sleep(options.seconds)
            elapsed = time.monotonic() - started
            cpu_ns, frames = _cpu_ns(process.pid) - cpu_ns, _frames_sent(process.pid) - frames
        told = generator.communicate(timeout=LATE_S)[0]
    mode = mode_of(ping, ping_ns(options.realtime))
    right = re.search(r"responded NOERROR:\s*(\d+)", told)
    if not frames or (contender.server and not right):
        raise SystemExit(f"{contender.name}: no replies; see {directory}/output.txt\n{told}")
    replies = int(right.group(1)) if right else 0
    return Cell(contender.name, round_, cpu_ns / frames, frames / elapsed, replies, mode)


@contextmanager
def _punctually(realtime: bool) -> Iterator[None]:
    """Before both server and generator, so that time and counters belong together."""
    policy = os.sched_getscheduler(0)
    if realtime:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(REALTIME_PRIORITY + 1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, os.sched_param(0))


def _generator(ends: Cable, file: Path, options: argparse.Namespace) -> subprocess.Popen[str]:
    """Runs from before the warm-up until after what is measured, faster than any server answers."""
    command = [*ends.inside(ends.client), *_on(GENERATOR_CORE, options.realtime)]
    command += ["kxdpgun", "-I", CLIENT_INTERFACE, "-F", str(GENERATOR_CORE), "-l", CLIENTS, "-p", str(PORT)]
    command += ["-t", f"{options.warmup + options.seconds + 1:.0f}", "-Q", str(options.rate), "-b", "32"]
    command += ["-i", str(file), SERVER[0]]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@contextmanager
def _running(
    contender: Contender, directory: Path, ends: Cable, first: Query, realtime: bool
) -> Iterator[subprocess.Popen[bytes]]:
    ends.route(CLIENTS)
    command = [*ends.inside(ends.server), *_on(SERVER_CORE, realtime), *contender.command(directory)]
    with (directory / "output.txt").open("w") as output:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT)
    try:
        _await_answer(ends, first)
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=START_S)


def _await_answer(ends: Cable, first: Query) -> None:
    with within(ends.client):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    deadline = time.monotonic() + START_S
    with sock:
        sock.settimeout(0.1)
        while time.monotonic() < deadline:
            sock.sendto(first.to_wire(), (SERVER[0], PORT))
            try:
                sock.recv(4096)
            except TimeoutError:
                continue
            return
    raise SystemExit("no answer; see output.txt in the directory of the server")


def _at_the_cable(configuration: Path, xdp: bool) -> Path:
    """Knot's configuration, with the cable's address for the usual one."""
    text = configuration.read_text().replace(f"{ADDRESS}@", f"{SERVER[0]}@")
    listening = f"xdp:\n  listen: {INTERFACE}@{PORT}\n  udp: on\nlog:\n"
    changed = configuration.with_name("cable.conf")
    changed.write_text(text.replace("log:\n", listening, 1) if xdp else text)
    return changed


def _on(core: int, realtime: bool) -> list[str]:
    """The start of a command that is to stay on a core."""
    return [*(["chrt", "-f", str(REALTIME_PRIORITY)] if realtime else []), "taskset", "-c", str(core)]


def _cpu_ns(pid: int) -> int:
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks)


def _frames_sent(pid: int) -> int:
    """By the cable's end in the namespace of a process."""
    lines = Path(f"/proc/{pid}/net/dev").read_text().splitlines()
    columns = next(line for line in lines if line.strip().startswith(f"{INTERFACE}:")).partition(":")[2].split()
    return int(columns[9])


def _rows(cells: Sequence[Cell]) -> Iterator[tuple[str, ...]]:
    """Medians over the rounds; each round beside its own echo."""
    echo = {cell.round: cell.cpu_ns for cell in cells if cell.contender == "echo"}
    for contender in dict.fromkeys(cell.contender for cell in cells):
        own = [cell for cell in cells if cell.contender == contender]
        multiple = median(cell.cpu_ns / echo[cell.round] for cell in own)
        replies = f"{sum(cell.replies for cell in own):,}" if contender != "echo" else "-"
        cpu_ns, qps = median(cell.cpu_ns for cell in own), median(cell.qps for cell in own)
        yield contender, f"{cpu_ns:,.0f}", f"{multiple:.2f}", f"{qps:,.0f}", replies, str(len(own))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.xdp", description=__doc__)
    add = parser.add_argument
    add("--workloads", default="static,steered")
    add("--rounds", type=int, default=5)
    add("--seconds", type=float, default=1.0, help="per measurement")
    add("--warmup", type=float, default=1.0, help="seconds before each measurement, in which kxdpgun starts")
    add("--rate", type=int, default=1_000_000, help="queries per second that kxdpgun tries to send")
    add("--realtime", action="store_true", help="run before everything else on the two cores (root); on a busy machine")
    add("--work", type=Path, default=Path("build/bench-xdp"), help="where configurations and databases go")
    return parser


if __name__ == "__main__":
    sys.exit(main())
