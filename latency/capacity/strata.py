"""Groups cut into those who lose little by moving and those who lose more: a group does not lose alike.

sampled clients of a group, by what the nearest other region would add ─► BANDS parts ─► a line of the program each
shares of parts ─► share of the group, of whom those who lose least go
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latency.arrays import Flags, Floats, Indices

BANDS = 4
MOST_CUT = 250  # groups, the heaviest: a program of some thousand lines takes too long


@dataclass(frozen=True, slots=True)
class Strata:
    """L parts of G groups, by group rising and in each by what moving would cost."""

    group: Indices  # (L,)
    part: Floats  # (L,) of its group; those of a group sum to one
    rtt_ms: Floats  # (L, R)

    def of_groups(self, by_part: Floats) -> Floats:
        """Means of groups, (G, R), from what parts have, (L, R)."""
        means = np.zeros((int(self.group.max(initial=-1)) + 1, by_part.shape[1]))
        np.add.at(means, self.group, by_part * self.part[:, None])
        return means

    def of_parts(self, shares: Floats, preferred: Indices) -> Floats:
        """Shares of parts (L, R) that make those of groups (G, R), where those who lose least have moved."""
        away = shares.copy()
        away[np.arange(len(shares)), preferred] = 0.0
        moved = away.sum(axis=1)
        before = np.cumsum(self.part) - self.part
        starts = np.searchsorted(self.group, self.group)
        gone = np.clip((moved[self.group] - (before - before[starts])) / self.part, 0.0, 1.0)
        split = np.divide(away, moved[:, None], out=np.zeros_like(away), where=moved[:, None] > 0)
        parts = split[self.group] * gone[:, None]
        parts[np.arange(len(parts)), preferred[self.group]] += 1.0 - gone
        return np.asarray(parts)


def strata(group_of: Indices, weights: Floats, rtt_ms: Floats, preferred: Indices, is_open: Flags) -> Strata:
    """The parts of groups of whom clients were sampled, every group at least once: `group_of` and `weights` (S,),
    `rtt_ms` (S, R); `preferred` (G,) and `is_open` (R,) are columns."""
    elsewhere_ms = np.where(is_open, rtt_ms, np.inf)
    elsewhere_ms[np.arange(len(group_of)), preferred[group_of]] = np.inf
    lost_ms = elsewhere_ms.min(axis=1) - rtt_ms[np.arange(len(group_of)), preferred[group_of]]
    order = np.lexsort((lost_ms, group_of))
    sizes = np.bincount(group_of, minlength=len(preferred))
    rank = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    names = group_of[order] * BANDS + rank * _bands(group_of, weights, sizes)[group_of[order]] // sizes[group_of[order]]
    unique, inverse = np.unique(names, return_inverse=True)
    sums = np.zeros((len(unique), rtt_ms.shape[1]))
    np.add.at(sums, inverse, rtt_ms[order] * weights[order][:, None])
    totals = np.bincount(inverse, weights[order], len(unique))
    group = unique // BANDS
    return Strata(group, totals / np.bincount(group, totals)[group], sums / totals[:, None])


def _bands(group_of: Indices, weights: Floats, sizes: Indices) -> Indices:
    """Into how many parts each group is cut, (G,)."""
    heaviest = np.argsort(-np.bincount(group_of, weights, len(sizes)), kind="stable")[:MOST_CUT]
    bands = np.ones(len(sizes), dtype=np.int64)
    bands[heaviest] = BANDS
    return bands
