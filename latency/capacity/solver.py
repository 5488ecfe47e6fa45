"""The least total round trip within what regions can take: a linear program, solved by HiGHS.

    min   Σ demand · (rtt + cost) + Σ tiers · their price + Σ moved further · STAY_MS
    where every group is served,                          served[g, ·] sums to its demand
          a region takes what fits, and more at a price,  Σ served[·, r] - Σ tiers[r, ·] ≤ room[r]
          and few move at once.                           Σ moved ≤ most_moved · demand

There is always a solution: the last tier has no end (S1), and nobody has to move.
"""

from __future__ import annotations

import highspy
import numpy as np

from latency.arrays import Floats, Indices
from latency.capacity.problem import TIERS, Crowd, Rooms, Solution

STAY_MS = 4.0  # what a client has to gain to be moved to yet another region: the margin of hysteresis
LEAST_SHARE = 1e-3  # of a group: less than that is not worth a line of the plan
ROUNDING = 1e-6
MOST_S = 20.0  # there is a plan a minute
NO_CELLS = np.empty(0, dtype=np.int64)


class SolverError(Exception):
    """HiGHS found no optimum: its word for why. A plan in force stays."""

    def __init__(self, status: str) -> None:
        self.status = status
        super().__init__(f"the solver of capacity plans ended with: {status}")


def solve(crowd: Crowd, rooms: Rooms, most_moved: float | None = None) -> Solution:
    """Shares of each group. `most_moved`: of the demand, that may be served elsewhere than now; None: all of it.

    Raises SolverError.
    """
    groups, regions = crowd.rtt_ms.shape
    if not groups:
        return Solution(np.empty((0, regions)), np.zeros(regions), is_held_back=False)
    program = _Program(crowd, rooms, most_moved)
    values, prices = program.run()
    served = np.maximum(values[: groups * regions].reshape(groups, regions), 0.0)
    shares = served / served.sum(axis=1, keepdims=True)
    shares = np.where(shares < LEAST_SHARE, 0.0, shares)
    is_held_back = most_moved is not None and bool(prices[-1] < -ROUNDING)
    return Solution(
        shares / shares.sum(axis=1, keepdims=True), np.maximum(-prices[groups : groups + regions], 0), is_held_back
    )


class _Program:
    """Columns: served (G · R), what each region takes of each tier but the first (R · T), moved (P).

    Rows: groups (G), regions (R), moves (P), their sum (1). P are the cells where a part of a group is already, and
    more may come; where none of it is, all that is served has moved. Without a bound on moves the last two are empty.
    """

    def __init__(self, crowd: Crowd, rooms: Rooms, most_moved: float | None) -> None:
        self.groups, self.regions = crowd.rtt_ms.shape
        self.demand = np.maximum(crowd.demand, ROUNDING)  # so that a group without demand has shares as well
        self.served = np.arange(self.groups * self.regions).reshape(self.groups, self.regions)
        self.tiers = self.served.size + np.arange(self.regions * (len(TIERS) - 1)).reshape(self.regions, -1)
        self.is_bounded = most_moved is not None
        self.strange, self.partly = _cells(crowd.present) if self.is_bounded else (NO_CELLS, NO_CELLS)
        self.moved = self.tiers.max() + 1 + np.arange(len(self.partly))
        stay_ms = _stay_ms(crowd)
        served_cost = (crowd.rtt_ms + rooms.cost_ms).reshape(-1)
        served_cost[self.strange] += stay_ms[self.strange]
        self.cost = np.concatenate([served_cost, self._tier_cost(), stay_ms[self.partly]])
        self.most = np.concatenate([self._served_most(rooms), self._tier_most(rooms), np.full(self.moved.size, np.inf)])
        present = (crowd.present * self.demand[:, None]).reshape(-1)[self.partly]
        bound = [(most_moved or 0.0) * self.demand.sum()] if self.is_bounded else []
        self.row_most = np.concatenate([self.demand, TIERS[0][0] * rooms.capacity - rooms.fixed, present, bound])
        self.row_least = np.concatenate([self.demand, np.full(len(self.row_most) - self.groups, -np.inf)])

    def run(self) -> tuple[Floats, Floats]:
        """Values of the columns and duals of the rows."""
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("time_limit", MOST_S)
        solver.passModel(self._model())
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise SolverError(solver.modelStatusToString(solver.getModelStatus()))
        solution = solver.getSolution()
        return np.array(solution.col_value), np.array(solution.row_dual)

    def _model(self) -> highspy.HighsLp:
        starts, columns, values = self._matrix()
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.cost), len(self.row_most)
        model.col_cost_, model.col_lower_, model.col_upper_ = self.cost, np.zeros(len(self.cost)), self.most
        model.row_lower_, model.row_upper_ = self.row_least, self.row_most
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = starts, columns, values
        return model

    def _matrix(self) -> tuple[Indices, Indices, Floats]:
        """By row: where each begins, the columns and their factors."""
        parts = [
            (self.served, np.ones(self.served.shape)),
            (
                np.hstack([self.served.T, self.tiers]),
                np.hstack([np.ones(self.served.T.shape), np.full(self.tiers.shape, -1.0)]),
            ),
        ]
        if self.is_bounded:
            pairs = np.stack([self.partly, self.moved], axis=1)
            moving = np.concatenate([self.strange, self.moved])[None, :]
            parts += [(pairs, np.tile([1.0, -1.0], (len(pairs), 1))), (moving, np.ones(moving.shape))]
        sizes = np.concatenate([np.full(len(columns), columns.shape[1]) for columns, _values in parts])
        starts = np.concatenate([[0], np.cumsum(sizes)])
        return (
            starts.astype(np.int32),
            np.concatenate([columns.reshape(-1) for columns, _values in parts]).astype(np.int32),
            np.concatenate([values.reshape(-1) for _columns, values in parts]),
        )

    def _served_most(self, rooms: Rooms) -> Floats:
        return np.tile(np.where(rooms.is_open, np.inf, 0.0), self.groups)

    def _tier_cost(self) -> Floats:
        return np.tile([price for _share, price in TIERS[1:]], self.regions)

    def _tier_most(self, rooms: Rooms) -> Floats:
        widths = np.diff([share for share, _price in TIERS])
        finite = np.where(np.isfinite(rooms.capacity), rooms.capacity, 1.0)
        return np.asarray(np.where(np.isinf(widths), np.inf, np.outer(finite, widths)).reshape(-1))


def _cells(present: Floats) -> tuple[Indices, Indices]:
    """Where none of a group is, and where a part of it is, as cells of (G, R) in a row."""
    flat = present.reshape(-1)
    return np.flatnonzero(flat <= ROUNDING), np.flatnonzero((flat > ROUNDING) & (flat < 1.0 - ROUNDING))


def _stay_ms(crowd: Crowd) -> Floats:
    """What each cell of (G, R) costs to move to: nothing where one prefers to be."""
    cost = np.full(crowd.rtt_ms.shape, STAY_MS)
    cost[np.arange(len(cost)), crowd.preferred] = 0.0
    return cost.reshape(-1)
