"""Turns that are over, taken once more by two versions: what each believed before it knew better.

checkpoint ─┬─► incumbent, as it was ────────┬─► turn ─► what each would serve, before it learns ─► Rehearsal
            └─► candidate, all ranked anew ──┘
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latency.arrays import Indices
from latency.foreseen import Foreseen
from latency.gate import Rehearsal
from latency.intake import Intake
from latency.learner import Learner

MOST_MEASUREMENTS = 200_000
"""Increments: half a minute of one core, and far more than any estimate needs."""


class Moves:
    """Counts the changes of a learner's first regions."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner
        self._before: tuple[Indices, Indices] | None = None
        self.clients = 0
        self.count = 0

    def note(self) -> None:
        """Counts what has changed since the last note; the first one counts nothing."""
        keys, regions = self._learner.first_regions()
        if self._before is not None:
            keys_before, regions_before = self._before
            _common, here, there = np.intersect1d(keys, keys_before, assume_unique=True, return_indices=True)
            self.count += int((regions[here] != regions_before[there]).sum())
        self._before, self.clients = (keys, regions), len(keys)


def rehearse(incumbent: Learner, candidate: Learner, turns: Iterable[Intake]) -> Rehearsal:
    """Both of the same state, the candidate under its own parameters; the turns that followed, in their order.

    The first turn is not judged: with it the candidate ranks everyone by its own lights, as after a promotion.
    """
    moves = Moves(incumbent), Moves(candidate)
    foreseen: list[tuple[Foreseen, Foreseen]] = []
    measurements, client_hours, last_s = 0, 0.0, np.nan
    for intake in turns:
        is_first = bool(np.isnan(last_s))
        seen = incumbent.foresee_and_learn(intake), candidate.foresee_and_learn(intake, anew=is_first)
        for each in moves:
            each.note()
        if not is_first:
            foreseen.append(seen)
            client_hours += moves[0].clients * max(intake.t_s - last_s, 0.0) / 3600
        last_s = intake.t_s
        measurements += len(seen[0].keys)
        if measurements >= MOST_MEASUREMENTS:
            break
    changes = moves[0].count, moves[1].count
    return _rehearsal(foreseen, changes, client_hours) if foreseen else Rehearsal.of_nothing()


def _rehearsal(foreseen: list[tuple[Foreseen, Foreseen]], changes: tuple[int, int], client_hours: float) -> Rehearsal:
    def column(name: str, which: int = 0) -> NDArray[Any]:
        return np.concatenate([getattr(pair[which], name) for pair in foreseen])

    return Rehearsal(
        keys=column("keys"),
        countries=column("countries"),
        region_ids=column("region_ids"),
        served_ids=column("served_ids"),
        proposed_ids=column("served_ids", which=1),
        counts=column("counts").astype(np.float64),
        observed_ms=column("observed_ms"),
        changes=changes,
        client_hours=client_hours,
    )
