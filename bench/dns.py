"""`python -m bench.dns`: CPU per answered query, side by side and interleaved (docs/performance.md)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from bench import report, tools
from bench.city import city_database
from bench.cores import MOVED
from bench.measure import Cell, Pace, measure
from bench.processes import ServerFailedError, running
from bench.servers import SERVERS
from bench.servers.server import Server
from bench.verify import verify
from bench.workloads import WORKLOADS, Query, Workload, dataset_of, queries_of
from common.ports import free_port

COUNTRY = Path(__file__).parents[1] / "snapshots" / "geodata" / "country.mmdb"
QUERIES = 32_768
ATTEMPTS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    tools.build()
    servers = list(installed(options.servers))
    if options.quick:
        options.rounds, options.seconds, options.no_latency = 1, 0.3, True
    pace = Pace(options.seconds, options.warmup, options.window, options.realtime, not options.no_latency)
    failed = False
    for name in options.workloads:
        bench = Bench(WORKLOADS[name], servers, options.work.resolve() / name, options.queries)
        cells = list(bench.run(options.rounds, pace))
        failed |= bench.has_failed
        print(
            f"\n### {name}\n\n{report.table(report.HEADINGS, [row.cells() for row in report.rows(cells)])}\n",
            flush=True,
        )
    return 1 if failed else 0


class Bench:
    """One workload over some servers; each has a directory and a port of its own."""

    def __init__(self, workload: Workload, servers: Sequence[Server], work: Path, count: int) -> None:
        self.has_failed = False
        self._work = work
        self._servers = [server for server in servers if server.supports(workload)]
        self._dataset = dataset_of(workload, COUNTRY, lambda: city_database(COUNTRY, work.parent / "city.mmdb"))
        self._queries = queries_of(workload, self._dataset, count)

    def run(self, rounds: int, pace: Pace) -> Iterator[Cell]:
        """Every server in turn, and again. One that fails is left out from then on."""
        queries = self._write_queries()
        places = {server: self.prepare(server) for server in self._servers}
        for round_ in range(rounds):
            for server, (directory, port) in list(places.items()):
                try:
                    if round_ == 0:
                        self._verify(server, directory, port)
                    cell = self._measured(server, directory, port, queries, round_, pace)
                except ServerFailedError as error:
                    print(f"{server.name}: left out: {error}", file=sys.stderr, flush=True)
                    self.has_failed = True
                    del places[server]
                    continue
                print(_line(cell), flush=True)
                yield cell

    @staticmethod
    def _measured(
        server: Server, directory: Path, port: int, queries: tuple[Path, Query], round_: int, pace: Pace
    ) -> Cell:
        """Once more while the cores move apart or together in the middle of it."""
        for _ in range(ATTEMPTS - 1):
            cell = measure(server, directory, port, queries, round_, pace)
            if cell.mode != MOVED:
                return cell
        return measure(server, directory, port, queries, round_, pace)

    def _write_queries(self) -> tuple[Path, Query]:
        self._work.mkdir(parents=True, exist_ok=True)
        file = self._work / "queries.bin"
        file.write_bytes(b"".join(query.to_record() for query in self._queries))
        return file, self._queries[0]

    def _verify(self, server: Server, directory: Path, port: int) -> None:
        if server.judge == "dns":
            with running(server, directory, port, self._queries[0]):
                verify(server, port, self._dataset, self._queries)

    def prepare(self, server: Server) -> tuple[Path, int]:
        directory, port = self._work / server.name, free_port()
        directory.mkdir(exist_ok=True)
        server.prepare(self._dataset, directory, port)
        return directory, port


def installed(names: Sequence[str]) -> Iterator[Server]:
    for name in names:
        missing = SERVERS[name].missing()
        if missing is None:
            yield SERVERS[name]
        else:
            print(f"{name}: left out: {missing} is not installed", flush=True)


def _line(cell: Cell) -> str:
    return (
        f"round {cell.round + 1}  {cell.server:<14} {cell.cpu_ns:8,.0f} ns/query {cell.qps:10,.0f} qps"
        f"  idle {cell.idle:4.0%}  {cell.mode} pair, ping {cell.ping_ns:.0f} ns"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.dns", description=__doc__)
    add = parser.add_argument
    add("--workloads", type=choice_of(WORKLOADS), default=list(WORKLOADS), help=",".join(WORKLOADS))
    add("--servers", type=choice_of(SERVERS), default=list(SERVERS), help=",".join(SERVERS))
    add("--rounds", type=int, default=5)
    add("--seconds", type=float, default=1.0, help="per measurement at full load; half of it at half load")
    add("--warmup", type=float, default=0.2, help="seconds before each measurement")
    add("--window", type=int, default=128, help="queries under way at full load")
    add("--queries", type=int, default=QUERIES, help="different queries prepared")
    add("--no-latency", action="store_true", help="leave out the measurement at half load")
    add("--quick", action="store_true", help="one short round without latency: whether all works, not how fast")
    add("--realtime", action="store_true", help="run before everything else on the two cores (root); on a busy machine")
    add("--work", type=Path, default=Path("build/bench"), help="where configurations and databases go")
    return parser


def choice_of(known: Collection[str]) -> Callable[[str], list[str]]:
    def parse(text: str) -> list[str]:
        names = text.split(",")
        unknown = [name for name in names if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
        return names

    return parse


if __name__ == "__main__":
    sys.exit(main())
