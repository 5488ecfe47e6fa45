"""`python -m bench.steering`: how well clients are steered, ours beside simpler ways (docs/latency.md)."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import astuple, replace

import numpy as np

from bench.dns import choice_of
from bench.report import table
from bench.steering.crowd import OPTIONS, capacities, play_crowd
from bench.steering.play import Setting, play
from bench.steering.scenarios import SCENARIOS, STRATEGIES
from bench.steering.world import World

CROWD = "crowd"
HEADINGS = (
    "strategy",
    "mean regret ms",
    "near best",
    "p95 ms",
    "changes per client-hour",
    "beacons to recover",
    "regret of a client never seen ms",
)
CROWD_HEADINGS = ("strategy", "overflow that others could take", "mean regret ms", "not at their best region")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    for name in options.scenarios:
        if name == CROWD:
            shown = table(CROWD_HEADINGS, _crowd_rows(options.strategies, seeds))
        else:
            shown = table(HEADINGS, _rows(name, options.strategies, seeds, options.hours))
        print(f"\n### {name}\n\n{shown}\n", flush=True)
    return 0


def _rows(scenario: str, strategies: Sequence[str], seeds: range, hours: float) -> Iterator[list[str]]:
    """Means over the seeds; of the beacons the median of the seeds' medians."""
    setting = SCENARIOS[scenario].setting
    worlds = replace(SCENARIOS[scenario].options, hours=hours)
    for name in strategies:
        summaries = []
        for seed in seeds:
            world = World(seed, worlds)
            summaries.append(astuple(play(STRATEGIES[name](world, setting, seed), world, setting, seed).summary()))
        mean, near, p95, changes, _, unseen = np.mean(summaries, axis=0)
        recovery = float(np.median([summary[4] for summary in summaries]))
        beacons = "-" if np.isnan(recovery) else "never" if np.isinf(recovery) else f"{recovery:.0f}"
        yield [name, f"{mean:.2f}", f"{near:.1%}", f"{p95:.1f}", f"{changes:.3f}", beacons, f"{unseen:.1f}"]


def _crowd_rows(strategies: Sequence[str], seeds: range) -> Iterator[list[str]]:
    for name in strategies:
        summaries = []
        for seed in seeds:
            world = World(seed, OPTIONS)
            setting = Setting(capacity_qph=tuple(capacities(world)[0]))
            summaries.append(astuple(play_crowd(STRATEGIES[name](world, setting, seed), world, seed)))
        overflow, regret_ms, moved = np.mean(summaries, axis=0)
        yield [name, f"{overflow:.2%}", f"{regret_ms:.2f}", f"{moved:.1%}"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.steering", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="number of worlds (default 10)")
    parser.add_argument(
        "--first-seed", type=int, default=100, help="the first world; 0 to 99 are for tuning (default 100)"
    )
    parser.add_argument("--hours", type=float, default=48.0, help="how long a world is played (default 48)")
    parser.add_argument("--scenarios", type=choice_of([*SCENARIOS, CROWD]), default=[*SCENARIOS, CROWD])
    parser.add_argument("--strategies", type=choice_of(STRATEGIES), default=list(STRATEGIES))
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
