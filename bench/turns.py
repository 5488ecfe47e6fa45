"""`python -m bench.turns`: what a turn of learning costs (docs/latency.md), from gains of windows to octets of a map.

gains, random ─► Increments ─► Learner ─┬─► message ─► encoded ─► delta, or full map
                                        └─► checkpoint, of full turns

No database: what Postgres adds is the reading of some rows of octets and the writing of a few.
Times are of the processor.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from bench.report import table
from latency.chooser import Policy
from latency.intake import Increments, Intake, Newcomers, Places
from latency.learner import Learner
from latency.table import encoded

HEADINGS = ("clients", "regions", "turn", "measurements", "learn s", "map s", "map MB", "checkpoint s", "checkpoint MB")
NOON_S = 1_700_000_000.0
ENDPOINTS_EACH = 2  # that a client measures in ten seconds
TURNS = 3
MB = 1e6

Result = TypeVar("Result")
Row = tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="What turns of learning cost.")
    parser.add_argument("--clients", type=int, default=100_000)
    parser.add_argument("--regions", type=int, default=20)
    options = parser.parse_args(arguments)
    print(table(HEADINGS, _rows(options.clients, options.regions)))
    return 0


def _rows(clients: int, regions: int) -> list[Row]:
    """All clients measure in each turn; the first and the last one are full."""
    random = np.random.default_rng(1)
    places = Places(np.arange(1, regions + 1), random.uniform(-50, 60, regions), random.uniform(-180, 180, regions))
    keys = np.sort(random.choice(2**24, clients, replace=False))
    newcomers, learner = _newcomers(keys, random), Learner(places, Policy())
    rows = []
    for turn in range(TURNS):
        full, t_s = turn in {0, TURNS - 1}, NOON_S + 5 * turn
        measured = _increments(keys, regions, int(t_s), random)
        intake = Intake(t_s, full, places, newcomers if turn == 0 else Newcomers.at([], []), measured)
        rows.append((f"{clients:,}", f"{regions}", "full" if full else "delta", *_turn(learner, intake, turn)))
    return rows


def _turn(learner: Learner, intake: Intake, turn: int) -> Row:
    learn_s, _ = _timed(lambda: learner.learn(intake))
    map_s, content = _timed(lambda: encoded(learner.message(turn + 1, 0 if intake.full else turn)))
    kept_s, kept = _timed(learner.to_bytes) if intake.full else (0.0, b"")
    measurements = int(intake.increments.counts.sum())
    sizes = [f"{len(octets) / MB:.1f}" for octets in (content, kept)]
    return f"{measurements:,}", f"{learn_s:.2f}", f"{map_s:.2f}", sizes[0], f"{kept_s:.2f}", sizes[1]


def _newcomers(keys: np.ndarray, random: np.random.Generator) -> Newcomers:
    countries = 256 * (65 + random.integers(0, 10, len(keys))) + 65 + random.integers(0, 20, len(keys))
    place = random.uniform(-50, 60, len(keys)), random.uniform(-180, 180, len(keys))
    return Newcomers(keys, random.integers(1, 3000, len(keys)), countries, *place)


def _increments(keys: np.ndarray, regions: int, t_s: int, random: np.random.Generator) -> Increments:
    each = []
    for _endpoint in range(ENDPOINTS_EACH):
        region_ids = random.integers(1, regions + 1, len(keys))
        logs = np.rint(1000 * np.log(random.uniform(10, 300, len(keys))))
        window_s, once = np.full(len(keys), t_s // 10 * 10), np.ones(len(keys))
        each.append(np.column_stack([window_s, keys, region_ids, region_ids, once, logs]))
    return Increments.from_rows(np.concatenate(each))


def _timed(function: Callable[[], Result]) -> tuple[float, Result]:
    began_s = time.process_time()
    result = function()
    return time.process_time() - began_s, result


if __name__ == "__main__":
    raise SystemExit(main())
