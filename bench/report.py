"""Cells as a table: medians over rounds, each cell beside the echo of its round.

Cells are compared with echoes of their mode only: with the median one where the round's own was of the other mode.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from bench.cores import MOVED
from bench.measure import Cell

ECHO = "echo"
HEADINGS = (
    "server",
    "pair",
    "ns/query",
    "x echo",
    "ns above",
    "qps",
    "p50 µs",
    "p99 µs",
    "p99.9 µs",
    "MB",
    "rounds",
    "notes",
)


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of one server. `multiple` and `above_ns` are medians of what each round says."""

    server: str
    mode: str
    cpu_ns: float
    multiple: float | None
    above_ns: float | None
    qps: float
    latency_us: tuple[float, float, float] | None
    memory_mb: float
    rounds: int
    notes: str

    def cells(self) -> tuple[str, ...]:
        latency = self.latency_us or ()
        return (
            self.server,
            self.mode,
            f"{self.cpu_ns:,.0f}",
            "-" if self.multiple is None else f"{self.multiple:.2f}",
            "-" if self.above_ns is None else f"{self.above_ns:+,.0f}",
            f"{self.qps:,.0f}",
            *(f"{value:,.0f}" for value in latency),
            *["-"] * (3 - len(latency)),
            f"{self.memory_mb:,.0f}",
            str(self.rounds),
            self.notes,
        )


def rows(cells: Sequence[Cell]) -> list[Row]:
    """One per mode and server, in order of appearance, without cells that moved; the mode of most cells comes first."""
    modes = [mode for mode, _count in Counter(cell.mode for cell in cells).most_common() if mode != MOVED]
    return [row for mode in modes for row in _rows_of_mode([cell for cell in cells if cell.mode == mode])]


def _rows_of_mode(cells: Sequence[Cell]) -> list[Row]:
    echoes = {cell.round: cell.cpu_ns for cell in cells if cell.server == ECHO}
    servers = dict.fromkeys(cell.server for cell in cells)
    return [_row([cell for cell in cells if cell.server == server], echoes) for server in servers]


def _row(cells: list[Cell], echoes: dict[int, float]) -> Row:
    usual = median(echoes.values()) if echoes else None
    pairs = [(cell.cpu_ns, echoes.get(cell.round, usual)) for cell in cells if cell.server != ECHO]
    known = [(own, echo) for own, echo in pairs if echo]
    latencies = [cell.latency_us for cell in cells if cell.latency_us]
    p50, p99, p999 = ([latency[place] for latency in latencies] for place in range(3))
    return Row(
        server=cells[0].server,
        mode=cells[0].mode,
        cpu_ns=median(cell.cpu_ns for cell in cells),
        multiple=median(own / echo for own, echo in known) if known else None,
        above_ns=median(own - echo for own, echo in known) if known else None,
        qps=median(cell.qps for cell in cells),
        latency_us=(median(p50), median(p99), median(p999)) if latencies else None,
        memory_mb=median(cell.memory_mb for cell in cells),
        rounds=len(cells),
        notes=", ".join(_notes(cells)),
    )


def _notes(cells: list[Cell]) -> Iterable[str]:
    idle = sum(not cell.is_busy for cell in cells)
    if idle:
        yield f"server idle in {idle} of {len(cells)}: the generator was the limit"
    lost = sum(cell.lost for cell in cells)
    if lost:
        yield f"{lost} lost"


def table(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table that reads well as plain text too."""
    lines = [headings, *lines]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    drawn = ["| " + " | ".join(_padded(line, widths)) + " |" for line in lines]
    rule = "|" + "|".join("-" * (width + 1) + (":" if column else "-") for column, width in enumerate(widths)) + "|"
    return "\n".join([drawn[0], rule, *drawn[1:]])


def _padded(line: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    for column, (text, width) in enumerate(zip(line, widths, strict=True)):
        yield text.rjust(width) if column else text.ljust(width)
