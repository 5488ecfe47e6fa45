"""A plan as a turn of learning takes it in, and who has to go where by it.

    shares by group ─► Moves ─► intake of a turn ─► of each group, those who lose least ─► column by client

Lines name regions and groups by what they are called everywhere, so that a plan outlives the arrays of a moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from latency.arrays import Floats, Indices
from latency.capacity.members import OTHERS, GroupKeys, Members, named
from latency.capacity.problem import preferring
from latency.rows import Columns

NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Moves(Columns):
    """M lines: this share of a group goes to this region. A group has a line for itself that names no other region if
    the rest of its country has lines and it has not."""

    open_ids: Indices  # the regions that clients preferred one of, rising
    countries: Indices  # (M,)
    networks: Indices  # (M,) or OTHERS
    preferred_ids: Indices  # (M,)
    target_ids: Indices  # (M,)
    shares: Floats  # (M,)

    def __len__(self) -> int:
        return len(self.shares)

    @classmethod
    def none(cls) -> Self:
        """Everyone stays."""
        nothing = np.empty(0, dtype=np.int64)
        return cls(nothing, nothing, nothing, nothing, nothing, np.empty(0))

    @classmethod
    def planned(cls, keys: GroupKeys, shares: Floats, ids: Indices, open_ids: Indices) -> Self:
        """The lines of shares (G, R) by regions `ids`, in hundredths. Where nobody moves there is none at all."""
        away = np.round(shares * (1.0 - preferring(keys.preferred, len(ids))), 2)
        moving = np.isin(_company(keys), _company(keys)[(away > 0).any(axis=1)])
        group, column = np.nonzero(away)
        alone = np.flatnonzero(moving & ~(away > 0).any(axis=1))
        if not len(group):
            return cls.none()
        groups, columns = np.append(group, alone), np.append(column, keys.preferred[alone])
        lines = np.lexsort((columns, groups))
        groups, columns = groups[lines], columns[lines]
        preferred_ids = ids[keys.preferred[groups]]
        return cls(
            open_ids, keys.countries[groups], keys.networks[groups], preferred_ids, ids[columns], away[groups, columns]
        )

    def same_as(self, other: Moves) -> bool:
        """Whether the same clients go to the same regions by both."""
        pairs = zip(self.state().values(), other.state().values(), strict=True)
        return all(np.array_equal(mine, theirs) for mine, theirs in pairs)

    def of_group(self, country: int, network: int) -> list[tuple[int, int, float]]:
        """What goes from which region to which, by id, and the share of it: of the clients of a network."""
        lines = []
        for line in np.flatnonzero((self.countries == country) & np.isin(self.networks, [network, OTHERS])).tolist():
            preferred, target = int(self.preferred_ids[line]), int(self.target_ids[line])
            own = (self.countries == country) & (self.networks == network) & (self.preferred_ids == preferred)
            if self.shares[line] > 0 and (self.networks[line] == network or not own.any()):
                lines.append((preferred, target, float(self.shares[line])))
        return lines

    def shares_of(self, keys: GroupKeys, ids: Indices) -> Floats:
        """By this plan, of groups and regions that it may not have known: (G, R), rows sum to one."""
        shares = preferring(keys.preferred, len(ids))
        for groups, column, share in self._lines(keys, ids):
            shares[groups, column] += share
            shares[groups, keys.preferred[groups]] -= share
        return shares

    def sent(
        self, members: Members, ids: Indices, rtt_ms: Callable[[Indices], Floats], draws: Callable[[Indices], Floats]
    ) -> Indices:
        """Where each client goes instead of where it prefers to, (C,), NOWHERE if it stays.

        Of some clients (N,) `rtt_ms` says the round trips (N, R), and `draws` who of two that lose alike goes first.
        """
        targets = np.full(len(members.weights), NOWHERE)
        keys = GroupKeys(members.countries, members.networks, members.preferred)
        totals: dict[int, float] = {}
        for clients, column, share in self._lines(keys, ids):
            total = totals.setdefault(int(clients[0]), float(members.weights[clients].sum()))
            left = clients[targets[clients] == NOWHERE]
            predicted_ms = rtt_ms(left)
            lost_ms = predicted_ms[:, column] - predicted_ms[np.arange(len(left)), members.preferred[left]]
            targets[_cheapest(left, lost_ms, members.weights[left], draws(left), share * total)] = column
        return targets

    def _lines(self, keys: GroupKeys, ids: Indices) -> Iterator[tuple[Indices, int, float]]:
        """Of each line that moves someone: those among `keys` whom it is about, the column, and the share."""
        is_there = np.isin(self.preferred_ids, ids)
        lines = named(self.countries, self.networks, np.searchsorted(ids, self.preferred_ids))  # ids may be too large
        own = named(keys.countries, keys.networks, keys.preferred)
        others = named(keys.countries, np.full_like(keys.networks, OTHERS), keys.preferred)
        about = np.where(np.isin(own, lines[is_there]), own, others)
        rising = np.argsort(about, kind="stable")
        for line in np.flatnonzero((self.shares > 0) & is_there & np.isin(self.target_ids, ids)):
            begin, end = np.searchsorted(about[rising], [lines[line], lines[line] + 1])
            if end > begin:
                column = int(np.searchsorted(ids, self.target_ids[line]))
                yield rising[begin:end], column, float(self.shares[line])


def _company(keys: GroupKeys) -> Indices:
    """Who would go by the lines of the others of a country if they had none."""
    return named(keys.countries, np.zeros_like(keys.networks), keys.preferred)


def _cheapest(clients: Indices, lost_ms: Floats, weights: Floats, draws: Floats, wanted: float) -> Indices:
    """Those who lose least, until they weigh what is wanted; of the last one, by its draw, as often as fits."""
    first = np.lexsort((draws, lost_ms))
    before = np.cumsum(weights[first]) - weights[first]
    return clients[first[before + draws[first] * weights[first] < wanted]]
