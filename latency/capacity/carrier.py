"""Carries out a plan in the orders of clients: its target comes before the region that a client prefers.

new plan, or all is ranked anew ─► Moves.sent ─► who goes where ─► order: …, target, preferred, …
a client prefers another region than when that was decided ─► it stays
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latency.arrays import Floats, Indices
from latency.capacity.members import Members
from latency.capacity.moves import NOWHERE, Moves
from latency.ranking import put_before
from latency.rows import named, part_of

State = dict[str, NDArray[Any]]


class Carrier:
    """Clients by number, regions by column."""

    def __init__(self) -> None:
        self._moves = Moves.none()
        self._sent = np.empty(0, dtype=np.int64)
        self._instead_of = np.empty(0, dtype=np.int64)

    def extend(self, clients: int) -> None:
        """Makes room for clients that stay."""
        self._sent = np.append(self._sent, np.full(clients, NOWHERE))
        self._instead_of = np.append(self._instead_of, np.full(clients, NOWHERE))

    def keep_only(self, clients: Indices) -> None:
        """Forgets all other clients; these are numbered anew."""
        self._sent, self._instead_of = self._sent[clients], self._instead_of[clients]

    def is_new(self, moves: Moves) -> bool:
        """Whether a plan is another one than that which is carried out."""
        return not moves.same_as(self._moves)

    def carry_out(
        self,
        moves: Moves,
        members: Members,
        ids: Indices,
        rtt_ms: Callable[[Indices], Floats],
        draws: Callable[[Indices], Floats],
    ) -> Indices:
        """Decides anew who goes where (latency.capacity.moves); the clients, rising, that are served otherwise now."""
        self._moves = moves
        return self._settle(moves.sent(members, ids, rtt_ms, draws), members.preferred)

    def keep(self, preferred: Indices) -> Indices:
        """Lets those stay who prefer another region, (C,), than when it was decided; these clients, rising."""
        return self._settle(np.where(self._instead_of == preferred, self._sent, NOWHERE), preferred)

    def orders(self, orders: Indices, clients: Indices) -> Indices:
        """How `clients` are served, whose orders (C, R) these are."""
        return put_before(orders, self._sent[clients], self._instead_of[clients])

    def first_open(self, orders: Indices, ids: Indices) -> Indices:
        """The column that each client prefers of the regions that the plan counts on, (C,)."""
        return first_of(orders, ids, self._moves.open_ids)

    def reset(self) -> None:
        """Forgets the plan: columns are other regions from now on."""
        self._moves = Moves.none()
        self._sent, self._instead_of = np.full_like(self._sent, NOWHERE), np.full_like(self._sent, NOWHERE)

    def state(self) -> State:
        """All that is remembered."""
        clients = {"sent": self._sent.astype(np.int16), "instead_of": self._instead_of.astype(np.int16)}
        return clients | named(self._moves.state(), "moves")

    def restore(self, state: State) -> None:
        """Goes on from what state() said; a state of before there were plans says nothing."""
        if state:
            self._moves = Moves.of(part_of(state, "moves"))
            self._sent, self._instead_of = (state[name].astype(np.int64) for name in ("sent", "instead_of"))

    def _settle(self, sent: Indices, preferred: Indices) -> Indices:
        instead_of = np.where(sent == NOWHERE, NOWHERE, preferred)
        changed = (sent != self._sent) | (instead_of != self._instead_of)
        self._sent, self._instead_of = sent, instead_of
        return np.flatnonzero(changed)


def first_of(orders: Indices, ids: Indices, open_ids: Indices) -> Indices:
    """The first column of each order (C, R) whose region is open, or the very first if none is."""
    is_open = np.isin(ids, open_ids)
    places = is_open[orders].argmax(axis=1)
    return np.asarray(orders[np.arange(len(orders)), places])
